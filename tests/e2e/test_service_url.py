"""Slots by way of ejabberd's `service_url`: it asks the sidecar, and hands on what it is told."""

import asyncio
import os

import pytest

from harness import slots, web
from harness.go_sendxmpp import go_sendxmpp
from harness.server import Server
from harness.slots import NAMES, NAMESPACES, NoSlotError
from harness.xmpp import talk

SLOTS_PER_MINUTE = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("service-url")
    environment = {
        "EJABBERD_SIDECAR__UPLOAD__MAX_SIZE": "1MiB",
        "EJABBERD_SIDECAR__UPLOAD__DENIED_EXTENSIONS": '["exe"]',
        "EJABBERD_SIDECAR__LIMITS__SLOTS_PER_MINUTE": str(SLOTS_PER_MINUTE),
    }
    made = Server(data, data / "store", environment, UP_SLOTS="service_url")
    made.start()
    yield made
    assert made.stop() == (0, 0)


def slot(server, *wanted, **more):
    return talk(server, lambda client: slots.ask(client, *wanted, **more))


def token(url: str) -> str:
    """/upload/t/<token>/localhost/…"""
    return url.split("/upload/t/")[1].split("/")[0]


@pytest.mark.parametrize("name", ["notes.txt", "Grüße aus 東京 №1.txt"])
def test_slixmpp_uploads_and_downloads(server, name):
    content = os.urandom(200_000)
    since = server.sidecar.log_length()

    url = talk(server, lambda client: client.upload(name, content))

    assert url.startswith(f"{server.sidecar.public_url}/upload/localhost/")
    assert web.download(url) == content
    assert server.has_stored(content)
    issued = 'slot.* user="alice@localhost".* door="service_url" outcome="issued"'
    server.sidecar.wait_for_log(issued, since)
    server.sidecar.wait_for_log('upload.* user="alice@localhost".* outcome="stored"', since)


def test_go_sendxmpp_sends_a_file(server, tmp_path):
    content = os.urandom(5000)
    file = tmp_path / "note.bin"
    file.write_bytes(content)

    async def receive(client):
        client.send_presence()
        bob = (server.ejabberd, "bob@localhost", server.sidecar.mint("bob@localhost"))
        upload = ["--http-upload", str(file), "alice@localhost"]
        await asyncio.to_thread(go_sendxmpp, tmp_path, *bob, *upload)
        return (await asyncio.wait_for(client.inbox.get(), 30))["body"]

    assert web.download(talk(server, receive)) == content


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_slot_is_used_once_for_its_size_and_type(server, namespace):
    mine = slot(server, "photo.png", 4, "image/png", namespace=namespace)

    assert not mine.headers
    assert "?" not in mine.put
    assert web.put(mine.put, b"data!", "image/png").status == 401
    assert web.put(mine.put, b"data", "text/html").status == 415
    assert web.status(mine.get) == 404
    assert web.put(mine.put, b"data", "image/png").status == 201
    assert web.put(mine.put, b"data", "image/png").status == 409
    got = web.get(mine.get)
    assert (got.body, got.headers["Content-Type"]) == (b"data", "image/png")


def test_a_slot_without_a_type_is_for_any(server):
    mine = slot(server, "file", 4)

    assert web.put(mine.put, b"data", "image/png").status == 201
    assert web.get(mine.get).headers["Content-Type"] == "image/png"


def test_a_slot_is_for_one_path(server):
    mine, other = (slot(server, "notes.txt", 4) for _ in range(2))

    swapped = other.put.replace(token(other.put), token(mine.put))
    assert web.put(swapped, b"data").status == 401
    assert web.status(other.get) == 404


@pytest.mark.parametrize("name", NAMES)
def test_names_become_ones_that_can_be_used(server, name):
    if name.endswith(".exe"):
        name = f"{name}.txt"
    content = os.urandom(100)

    mine = slot(server, name, len(content))

    assert web.put(mine.put, content).status == 201, mine.get
    assert web.download(mine.get) == content


def test_who_may_not_upload_is_told_so(server):
    for name, size, condition, reason in [
        ("film.mp4", 1024 * 1024 + 1, "not-acceptable", "too_large"),
        ("setup.exe", 4, "not-allowed", "extension_not_allowed"),
    ]:
        since = server.sidecar.log_length()
        with pytest.raises(NoSlotError) as refused:
            slot(server, name, size)
        assert refused.value.condition == condition
        server.sidecar.wait_for_log(f'outcome="refused" reason="{reason}"', since)
    slot(server, "film.mp4", 1024 * 1024)


def test_who_asks_too_often_waits_and_others_do_not(server):
    async def hoard(client):
        for _ in range(3 * SLOTS_PER_MINUTE):
            try:
                await slots.ask(client, "a", 4)
            except NoSlotError as refused:
                return refused.condition
        return None

    assert talk(server, hoard, "carol@localhost") == "resource-constraint"
    talk(server, lambda client: slots.ask(client, "a", 4), "dave@localhost")


def test_while_the_sidecar_is_away_there_is_no_slot_and_then_there_is(server):
    async def through_a_restart(client):
        assert server.sidecar.stop() == 0
        with pytest.raises(NoSlotError) as refused:
            await slots.ask(client, "a", 4)
        server.sidecar.start()
        given = await slots.ask(client, "a", 4)
        return refused.value.condition, web.put(given.put, b"data").status

    condition, status = talk(server, through_a_restart)

    assert (condition, status) == ("service-unavailable", 201)
