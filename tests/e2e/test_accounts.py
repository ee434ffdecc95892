"""Where provisioning is on, ejabberd makes and removes accounts."""

import asyncio

from harness import raw_xmpp, slots, web
from harness.processes import wait_until
from harness.secrecy import secret
from harness.xmpp import logged_in

PASSWORD = secret("the-password-of-a-newcomer")


def session(server, user):
    jid = f"{user}@localhost"
    return logged_in(server.ejabberd, jid, server.sidecar.mint(jid))


async def exists(server, user) -> bool:
    async with session(server, "bob") as bob:
        return not await bob.bounces(f"{user}@localhost")


def test_a_registered_user_exists_and_logs_in_with_a_token(provisioned):
    assert not asyncio.run(exists(provisioned, "newcomer"))

    assert raw_xmpp.register(provisioned.ejabberd, "newcomer", PASSWORD) is None

    assert asyncio.run(exists(provisioned, "newcomer"))
    again = raw_xmpp.register(provisioned.ejabberd, "newcomer", PASSWORD)
    assert again == "conflict"
    # Passwords stay where tokens are issued.
    refused = raw_xmpp.login(provisioned.ejabberd, "newcomer", PASSWORD)
    assert refused.refused == "not-authorized"
    token = provisioned.sidecar.mint("newcomer@localhost")
    assert raw_xmpp.login(provisioned.ejabberd, "newcomer", token).jid == "newcomer@localhost"


def test_a_removed_user_is_gone_with_his_files(provisioned):
    async def upload(user):
        async with session(provisioned, user) as client:
            return await client.upload("memory.txt", user.encode())

    leavers, stayers = (asyncio.run(upload(user)) for user in ("leaver", "stayer"))
    assert web.download(leavers) == b"leaver"

    before = provisioned.sidecar.log_length()
    token = provisioned.sidecar.mint("leaver@localhost")
    raw_xmpp.remove_account(provisioned.ejabberd, "leaver", token)
    provisioned.sidecar.wait_for_log('remove user="leaver".*outcome="done"', since=before)

    assert not asyncio.run(exists(provisioned, "leaver"))
    assert web.status(leavers) == 404
    assert web.download(stayers) == b"stayer"
    assert asyncio.run(exists(provisioned, "stayer"))


def test_the_slots_of_a_removed_user_are_dead_until_he_comes_back(provisioned):
    async def slot(user):
        async with session(provisioned, user) as client:
            return await slots.ask(client, "memory.txt", 6)

    used, unused, stayers = (asyncio.run(slot(user)) for user in ("mover", "mover", "stayer"))
    stored = web.put(used.put, b"memory", "text/plain")
    assert stored.status == 201
    etag = web.get(used.get).headers["ETag"]

    before = provisioned.sidecar.log_length()
    token = provisioned.sidecar.mint("mover@localhost")
    raw_xmpp.remove_account(provisioned.ejabberd, "mover", token)
    provisioned.sidecar.wait_for_log('remove user="mover".*outcome="done"', since=before)

    # Nothing tells what there was.
    assert web.request("HEAD", used.get).status == 404
    assert web.get(used.get, If_None_Match=etag).status == 404
    assert web.get(used.get, Range="bytes=0-1").status == 404
    for slot_of_his in (used, unused):
        assert web.put(slot_of_his.put, b"memory").status == 410
        assert web.status(slot_of_his.get) == 404
    assert web.put(stayers.put, b"memory").status == 201

    new = asyncio.run(slot("mover"))
    # That he is back is written down a moment after his login.
    wait_until("his slots work", lambda: web.put(new.put, b"memory").status == 201)
