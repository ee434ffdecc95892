"""A real XMPP client."""

import asyncio
import urllib.request

import aiohttp
from slixmpp import ClientXMPP


class Client(ClientXMPP):
    def __init__(self, user: str, token: str, certificate):
        super().__init__(f"{user}@localhost", token, sasl_mech="PLAIN")
        self.ca_certs = certificate
        self.enable_direct_tls = False
        for plugin in ("xep_0030", "xep_0313", "xep_0363"):
            self.register_plugin(plugin)
        self.inbox: asyncio.Queue = asyncio.Queue()
        self.add_event_handler("message", self.inbox.put_nowait)

    async def login(self) -> bool:
        """Whether the server let it in; whatever else goes wrong is an error."""
        outcome = asyncio.get_running_loop().create_future()

        def settle(answer: bool | None, why: object = None) -> None:
            if outcome.done():
                return
            if answer is None:
                outcome.set_exception(ConnectionError(str(why)))
            else:
                outcome.set_result(answer)

        self.add_event_handler("session_start", lambda _: settle(True))
        self.add_event_handler("failed_auth", lambda _: settle(False))
        for event in ("disconnected", "connection_failed", "ssl_invalid_chain"):
            self.add_event_handler(event, lambda why, event=event: settle(None, f"{event}: {why}"))
        self.connect("127.0.0.1", 5222)
        good = await asyncio.wait_for(outcome, 60)
        if good:
            self.send_presence()
            # ejabberd looks for a database that was away each half a minute.
            await self.get_roster(timeout=90)
        return good


async def lets_in(user: str, token: str, certificate) -> bool:
    client = Client(user, token, certificate)
    try:
        return await client.login()
    finally:
        await client.disconnect()


def uploaded(pair, certificate: str, content: bytes) -> str:
    """The address of a file that alice has put there."""
    return asyncio.run(_uploaded(pair.token("alice"), certificate, content))


async def _uploaded(token: str, certificate: str, content: bytes) -> str:
    client = Client("alice", token, certificate)
    assert await client.login()
    answer = await client.plugin["xep_0363"].request_slot(
        "upload.localhost", "hello.txt", len(content), "text/plain"
    )
    await client.disconnect()
    slot = answer["http_upload_slot"]
    headers = {each.attrib["name"]: each.text for each in slot["put"].xml}
    headers["Content-Type"] = "text/plain"
    async with (
        aiohttp.ClientSession() as web,
        web.put(slot["put"]["url"], data=content, headers=headers) as put,
    ):
        assert put.status == 201, await put.text()
    return slot["get"]["url"]


def said(pair, certificate: str, text: str) -> str:
    """What bob hears when alice says this."""
    tokens = {each: pair.token(each) for each in ("alice", "bob")}
    return asyncio.run(_said(tokens, certificate, text))


async def _said(tokens: dict[str, str], certificate: str, text: str) -> str:
    alice, bob = (Client(user, token, certificate) for user, token in tokens.items())
    assert await alice.login()
    assert await bob.login()
    alice.send_message("bob@localhost", text, mtype="chat")
    message = await asyncio.wait_for(bob.inbox.get(), 30)
    await alice.disconnect()
    await bob.disconnect()
    return message["body"]


def fetched(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        return answer.read()
