"""A login by WebSocket (RFC 7395), as the web client does it."""

import asyncio
import base64
from xml.etree import ElementTree

import aiohttp

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"


async def login(url: str, user: str, password: str, address: str) -> str:
    """What answers a password that is sent from this address: success, failure, error."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with (
        aiohttp.ClientSession(connector=connector) as web,
        web.ws_connect(url, protocols=["xmpp"], timeout=aiohttp.ClientWSTimeout(30)) as socket,
    ):
        await socket.send_str(f'<open xmlns="{FRAMING}" to="localhost" version="1.0"/>')
        initial = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        await socket.send_str(f'<auth xmlns="{SASL}" mechanism="PLAIN">{initial}</auth>')
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            name = ElementTree.fromstring(message.data).tag.rpartition("}")[2]
            if name in ("success", "failure", "error"):
                return name
    return "closed"


def outcomes(url: str, user: str, passwords: list[str], address: str) -> list[str]:
    """One after the other."""

    async def all_of_them() -> list[str]:
        return [await login(url, user, each, address) for each in passwords]

    return asyncio.run(all_of_them())
