"""XMPP over WebSocket (RFC 7395), by hand: a login attempt a connection."""

import base64
import ssl
from xml.etree import ElementTree

import aiohttp

from .raw_xmpp import BIND, BIND_RESOURCE, FEATURES, PATIENCE, SASL

OPEN = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>"
AUTH = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"


async def login(server, user: str, password: str) -> str | None:
    """Whom the server bound the session to, or None where it refused."""
    trust = ssl.create_default_context(cafile=str(server.certificate))
    address = f"wss://localhost:{server.web_port}/ws"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, protocols=("xmpp",), ssl=trust) as socket,
    ):

        async def expect(*tags: str) -> ElementTree.Element:
            while True:
                element = ElementTree.fromstring(await socket.receive_str(timeout=PATIENCE))
                if element.tag in tags:
                    return element

        await socket.send_str(OPEN)
        await expect(FEATURES)
        message = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        await socket.send_str(AUTH % message)
        if (await expect(SASL + "success", SASL + "failure")).tag == SASL + "failure":
            return None
        await socket.send_str(OPEN)
        await expect(FEATURES)
        bind = BIND_RESOURCE.decode().replace("<iq ", "<iq xmlns='jabber:client' ")
        await socket.send_str(bind)
        bound = await expect("{jabber:client}iq")
        return bound.findtext(f".//{BIND}jid").partition("/")[0]
