"""A real XMPP client."""

import asyncio
import urllib.request

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
            await self.get_roster()
        return good


async def lets_in(user: str, token: str, certificate) -> bool:
    client = Client(user, token, certificate)
    try:
        return await client.login()
    finally:
        await client.disconnect()


def fetched(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as answer:
        return answer.read()
