"""Files that real clients send, by slots that they ask their server for. `server` is what they
connect to; a user is a JID and a token."""

import asyncio
from pathlib import Path

from .go_sendxmpp import go_sendxmpp
from .xmpp import logged_in


def by_slixmpp(server, user: tuple[str, str], name: str, content: bytes) -> str:
    """Where it is then."""

    async def go():
        async with logged_in(server, *user) as client:
            return await client.upload(name, content)

    return asyncio.run(go())


def by_go_sendxmpp(
    server, folder: Path, user: tuple[str, str], to: tuple[str, str], content: bytes
) -> str:
    """Where it is, as the other one is told."""
    file = folder / "greeting.jpg"
    file.write_bytes(content)

    async def go():
        async with logged_in(server, *to) as client:
            client.send_presence()
            sent = (server, *user, "--http-upload", str(file), to[0])
            await asyncio.to_thread(go_sendxmpp, folder, *sent)
            return await asyncio.wait_for(client.inbox.get(), 30)

    message = asyncio.run(go())
    assert message["from"].bare == user[0]
    return message["body"]
