"""XMPP over WebSocket (RFC 7395), by hand: any bytes as a password, and as a stanza."""

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree import ElementTree

import aiohttp

from .raw_xmpp import BIND, BIND_RESOURCE, FEATURES, PATIENCE, SASL

OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='%s' version='1.0'/>"
AUTH = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='%s'>%s</auth>"
IQ = "{jabber:client}iq"


class WebSession:
    """A login attempt."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse):
        self._socket = socket
        # Whom the server bound the session to, or None where it refused.
        self.jid: str | None = None

    async def log_in(self, user: str, password: str) -> None:
        message = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        await self._authenticate("localhost", AUTH % ("PLAIN", message))

    async def log_in_as_guest(self, vhost: str) -> None:
        await self._authenticate(vhost, AUTH % ("ANONYMOUS", ""))

    async def _authenticate(self, vhost: str, auth: str) -> None:
        await self.send(OPEN % vhost)
        await self._expect(FEATURES)
        await self.send(auth)
        if (await self._expect(SASL + "success", SASL + "failure")).tag == SASL + "failure":
            return
        await self.send(OPEN % vhost)
        await self._expect(FEATURES)
        await self.send(BIND_RESOURCE.decode().replace("<iq ", "<iq xmlns='jabber:client' "))
        bound = await self._expect(IQ)
        self.jid = bound.findtext(f".//{BIND}jid").partition("/")[0]

    async def send(self, text: str) -> None:
        await self._socket.send_str(text)

    async def answer(self) -> ElementTree.Element:
        return await self._expect(IQ)

    async def answer_to(self, stanza_id: str) -> ElementTree.Element:
        while (answer := await self._expect(IQ)).get("id") != stanza_id:
            pass
        return answer

    async def _expect(self, *tags: str) -> ElementTree.Element:
        while True:
            text = await self._socket.receive_str(timeout=PATIENCE)
            element = ElementTree.fromstring(text)
            if element.tag in tags:
                return element


@asynccontextmanager
async def _connected(server) -> AsyncIterator[WebSession]:
    trust = ssl.create_default_context(cafile=str(server.certificate))
    address = f"wss://localhost:{server.web_port}/ws"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(address, protocols=("xmpp",), ssl=trust, max_msg_size=0) as socket,
    ):
        yield WebSession(socket)


@asynccontextmanager
async def session(server, user: str, password: str) -> AsyncIterator[WebSession]:
    async with _connected(server) as made:
        await made.log_in(user, password)
        yield made


@asynccontextmanager
async def guest(server, vhost: str) -> AsyncIterator[WebSession]:
    """Somebody of a vhost that takes everybody."""
    async with _connected(server) as made:
        await made.log_in_as_guest(vhost)
        yield made


async def login(server, user: str, password: str) -> str | None:
    """Whom the server bound the session to, or None where it refused."""
    async with session(server, user, password) as made:
        return made.jid
