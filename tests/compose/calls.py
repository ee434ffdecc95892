"""What a client does before a call: it asks its server for a relay, and has that pass things on."""

import asyncio
from xml.etree import ElementTree

from aioice import turn

from client import Client

EXTERNAL_SERVICES = "{urn:xmpp:extdisco:2}"


async def services_of(user: str, token: str, certificate: str) -> list[dict[str, str]]:
    """The attributes of each (XEP-0215)."""
    client = Client(user, token, certificate)
    assert await client.login()
    asking = client.make_iq_get(ito="localhost")
    asking.xml.append(ElementTree.Element(f"{EXTERNAL_SERVICES}services"))
    answer = await asking.send(timeout=30)
    await client.disconnect()
    return [dict(each.attrib) for each in answer.xml.iter(f"{EXTERNAL_SERVICES}service")]


class Relayed(asyncio.DatagramProtocol):
    """An address at the relay, and what comes there: data, or the relay's refusal to pass on."""

    def __init__(self):
        self._come: asyncio.Queue = asyncio.Queue()

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, _address):
        self._come.put_nowait(data)

    def error_received(self, error):
        self._come.put_nowait(error)

    @property
    def address(self) -> tuple[str, int]:
        return self._transport.get_extra_info("sockname")

    def send(self, data: bytes, address: tuple[str, int]) -> None:
        self._transport.sendto(data, address)

    async def comes(self, within: float) -> bytes | Exception | None:
        """The next that came, or nothing within so many seconds."""
        try:
            return await asyncio.wait_for(self._come.get(), within)
        except TimeoutError:
            return None


async def relayed(service: dict[str, str]) -> Relayed:
    """By the credentials that the service came with."""
    _, address = await turn.create_turn_endpoint(
        Relayed,
        server_addr=(service["host"], int(service["port"])),
        username=service["username"],
        password=service["password"],
        transport=service["transport"],
    )
    return address
