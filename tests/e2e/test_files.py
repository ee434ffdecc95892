"""Files go up through a slot of ejabberd and come down unchanged."""

import asyncio
import os

import pytest

from harness.go_sendxmpp import go_sendxmpp
from harness.web import download
from harness.xmpp import logged_in

NAMES = ["notes.txt", "two words.txt", "Grüße aus 東京 №1.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_slixmpp_uploads_and_downloads(server, name):
    content = os.urandom(200_000)
    token = server.sidecar.mint("alice@localhost")
    before = server.sidecar.count("uploads", "stored")

    async def upload():
        async with logged_in(server.ejabberd, "alice@localhost", token) as client:
            return await client.upload(name, content)

    url = asyncio.run(upload())

    assert url.startswith(f"{server.sidecar.public_url}/upload/localhost/")
    assert download(url) == content
    assert server.has_stored(content)
    assert server.sidecar.count("uploads", "stored") == before + 1


def test_go_sendxmpp_uploads_and_the_other_downloads(server, tmp_path):
    content = os.urandom(200_000)
    file = tmp_path / "holiday.jpg"
    file.write_bytes(content)
    alice = server.sidecar.mint("alice@localhost")
    bob = server.sidecar.mint("bob@localhost")

    async def send():
        async with logged_in(server.ejabberd, "bob@localhost", bob) as client:
            client.send_presence()
            account = (server.ejabberd, "alice@localhost", alice)
            upload = ["--http-upload", str(file), "bob@localhost"]
            await asyncio.to_thread(go_sendxmpp, tmp_path, *account, *upload)
            return await asyncio.wait_for(client.inbox.get(), 30)

    message = asyncio.run(send())

    assert message["from"].bare == "alice@localhost"
    assert download(message["body"]) == content
    assert server.has_stored(content)
