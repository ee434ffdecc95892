"""A real client, slixmpp, that reaches the pod through ports of this machine and trusts its certificate alone."""

import asyncio
from contextlib import asynccontextmanager

from slixmpp import ClientXMPP


class RefusedError(Exception):
    """The server said no; the text is its SASL condition."""


class Client(ClientXMPP):
    def __init__(self, jid, token, certificate):
        super().__init__(jid, token, sasl_mech="PLAIN")
        self.ca_certs = certificate
        # STARTTLS, or nothing.
        self.enable_direct_tls = False
        self.register_plugin("xep_0363")

    async def login(self, port):
        outcome = asyncio.get_running_loop().create_future()

        def settle(error=None):
            if outcome.done():
                return
            outcome.set_exception(error) if error else outcome.set_result(None)

        self.add_event_handler("session_start", lambda _: settle())
        self.add_event_handler("failed_auth", lambda failure: settle(RefusedError(failure["condition"])))
        for event in ("disconnected", "connection_failed", "ssl_invalid_chain"):
            self.add_event_handler(event, lambda why: settle(ConnectionError(str(why))))
        self.connect("127.0.0.1", port)
        await asyncio.wait_for(outcome, 40)

    async def slot(self, name, size):
        """Where to PUT a file with which headers, and where it is then."""
        service = await self.plugin["xep_0363"].find_upload_service()
        answer = await self.plugin["xep_0363"].request_slot(service["from"], name, size, "text/plain")
        slot = answer["http_upload_slot"]
        headers = {header["name"]: header["value"] for header in slot["put"]["headers"]}
        return slot["put"]["url"], headers, slot["get"]["url"]


@asynccontextmanager
async def logged_in(port, jid, token, certificate):
    client = Client(jid, token, certificate)
    try:
        await client.login(port)
        yield client
    finally:
        await client.disconnect()


def slot(*account, name, size):
    async def ask():
        async with logged_in(*account) as client:
            return await client.slot(name, size)

    return asyncio.run(ask())
