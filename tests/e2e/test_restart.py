"""The sidecar goes away and comes back; ejabberd stays."""

import asyncio

import pytest

from harness import tokens
from harness.xmpp import RefusedError, logged_in

LOGINS = 100
AT_ONCE = 10


def test_a_restart_during_a_hundred_logins_loses_none(on_disk):
    server = on_disk
    accounts = [f"user{n}@localhost" for n in range(LOGINS)]
    pending, finished = set(), set()

    async def worker():
        while accounts:
            jid = accounts.pop()
            token = tokens.make(server.issuer_secret, jid)
            pending.add(jid)
            async with logged_in(server.ejabberd, jid, token):
                pending.remove(jid)
                finished.add(jid)

    async def restart():
        while len(finished) < 30:
            await asyncio.sleep(0.01)
        assert await asyncio.to_thread(server.sidecar.stop) == 0
        # Long enough for every worker to wait for an answer.
        await asyncio.sleep(2)
        waiting = set(pending)
        await asyncio.to_thread(server.sidecar.start)
        return waiting

    async def everything():
        waiting, *_ = await asyncio.gather(restart(), *(worker() for _ in range(AT_ONCE)))
        return waiting

    waiting_while_away = asyncio.run(everything())

    assert len(finished) == LOGINS
    assert waiting_while_away, "the restart met no login"


def test_logins_are_refused_while_the_sidecar_is_away_and_work_again_after(on_disk):
    server = on_disk
    ejabberd = server.ejabberd.pid
    token = server.sidecar.mint("alice@localhost")

    async def login():
        async with logged_in(server.ejabberd, "alice@localhost", token) as client:
            return client.boundjid.bare

    server.sidecar.stop()
    try:
        with pytest.raises(RefusedError, match="not-authorized"):
            asyncio.run(login())
    finally:
        server.sidecar.start()

    assert asyncio.run(login()) == "alice@localhost"
    assert server.ejabberd.pid == ejabberd
