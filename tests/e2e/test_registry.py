"""Who logged in once exists for good: what is written to him waits until he is back."""

import asyncio

from harness import raw_xmpp, tokens
from harness.processes import wait_until
from harness.raw_xmpp import Answer
from harness.xmpp import logged_in


def session(server, user):
    jid = f"{user}@localhost"
    return logged_in(server.ejabberd, jid, server.sidecar.mint(jid))


async def visit(server, user):
    async with session(server, user):
        pass


def restart(sidecar):
    try:
        assert sidecar.stop() == 0
    finally:
        sidecar.start()


def test_a_restart_forgets_nobody(server):
    asyncio.run(visit(server, "traveller"))

    restart(server.sidecar)

    async def write():
        async with session(server, "bob") as bob:
            bob.send_message("traveller@localhost", "how was it?", mtype="chat")
            bob.send_presence_subscription("traveller@localhost")
            assert await bob.all_answers() == []

    async def read():
        async with session(server, "traveller") as traveller:
            traveller.send_presence()
            message = await asyncio.wait_for(traveller.inbox.get(), 30)
            request = await asyncio.wait_for(traveller.subscriptions.get(), 30)
        return message, request

    asyncio.run(write())
    message, request = asyncio.run(read())

    assert (message["type"], message["body"]) == ("chat", "how was it?")
    assert request["from"].bare == "bob@localhost"


def test_a_crash_forgets_nobody_who_was_written_down(server):
    asyncio.run(visit(server, "pioneer"))
    name = tokens.user_folder("pioneer@localhost")
    wait_until(
        "the user is in the store",
        lambda: any(name in f.name and f.is_file() for f in server.stored_in.rglob("*")),
    )

    server.sidecar.kill()
    server.sidecar.start()

    async def write():
        async with session(server, "bob") as bob:
            return await bob.bounces("pioneer@localhost")

    assert not asyncio.run(write())


def test_a_refused_login_makes_nobody_exist(server):
    """Else whoever guesses would fill the registry."""
    bad = tokens.make(server.issuer_secret, "mallory@localhost")
    refused = raw_xmpp.login(server.ejabberd, "guessed", bad)
    assert refused == Answer(refused="not-authorized")

    async def write():
        async with session(server, "bob") as bob:
            return await bob.bounces("guessed@localhost")

    assert asyncio.run(write())


def test_users_of_the_file_exist_before_they_ever_log_in(server):
    """It is read again when it changes."""
    invited = ["invited@localhost", "guest@localhost"]

    async def invite():
        async with session(server, "bob") as bob:
            for user in invited:
                assert await bob.bounces(user)
            server.users_file.write_text("invited\nguest@localhost\n")
            async with asyncio.timeout(60):
                for user in invited:
                    while await bob.bounces(user):
                        await asyncio.sleep(0.1)
            assert await bob.bounces("uninvited@localhost")
            bob.send_message("invited@localhost", "welcome", mtype="chat")
            assert await bob.all_answers() == []

    async def come():
        async with session(server, "invited") as client:
            client.send_presence()
            while (message := await asyncio.wait_for(client.inbox.get(), 30))["body"] != "welcome":
                pass
        return message

    asyncio.run(invite())

    assert asyncio.run(come())["from"].bare == "bob@localhost"
