"""Slots of Prosody's two modules for files elsewhere, and what the sidecar makes of them."""

import asyncio
import http.client
import os
from urllib.parse import unquote, urlsplit

import pytest

from harness import slots, web
from harness.go_sendxmpp import go_sendxmpp
from harness.prosody import FOREIGN, GENEROUS, MAX_SIZE
from harness.slots import CURRENT, NAMES, OLDER, NoSlotError
from harness.xmpp import logged_in


@pytest.fixture
def session(pair):
    """Runs what it is given with a client of alice."""

    def run(conversation):
        async def go():
            alice = ("alice@localhost", pair.passwords["alice"])
            async with logged_in(pair.prosody, *alice) as client:
                return await conversation(client)

        return asyncio.run(go())

    return run


@pytest.fixture
def slot(session):
    """One slot."""
    return lambda *wanted, **more: session(lambda client: slots.ask(client, *wanted, **more))


def put(mine: slots.Slot, body: bytes, content_type: str = "application/octet-stream", at=None):
    headers = {"Content-Type": content_type} | mine.headers
    return web.request("PUT", at or mine.put, body, headers)


@pytest.mark.parametrize("name", ["notes.txt", "Grüße aus 東京 №1.txt"])
def test_slixmpp_uploads_and_downloads(pair, session, name):
    content = os.urandom(200_000)
    before = pair.sidecar.count("uploads", "stored")

    url = session(lambda client: client.upload(name, content))

    assert url.startswith(f"{pair.sidecar.public_url}/upload/localhost/")
    assert web.download(url) == content
    assert pair.has_stored(content)
    assert pair.sidecar.count("uploads", "stored") == before + 1


def test_go_sendxmpp_uploads_and_the_other_downloads(pair, tmp_path):
    content = os.urandom(200_000)
    file = tmp_path / "holiday.jpg"
    file.write_bytes(content)

    async def send():
        async with logged_in(pair.prosody, "bob@localhost", pair.passwords["bob"]) as client:
            client.send_presence()
            alice = (pair.prosody, "alice@localhost", pair.passwords["alice"])
            upload = ["--http-upload", str(file), "bob@localhost"]
            await asyncio.to_thread(go_sendxmpp, tmp_path, *alice, *upload)
            return await asyncio.wait_for(client.inbox.get(), 30)

    message = asyncio.run(send())

    assert message["from"].bare == "alice@localhost"
    assert web.download(message["body"]) == content
    assert pair.has_stored(content)


@pytest.mark.parametrize("namespace", [CURRENT, OLDER])
def test_a_slot_is_of_the_scheme_and_used_once(pair, slot, namespace):
    if pair.scheme == "jwt" and namespace == OLDER:
        with pytest.raises(NoSlotError):
            slot("photo.png", 4, "image/png", namespace=namespace)
        return
    mine = slot("photo.png", 4, "image/png", namespace=namespace)

    if pair.scheme == "jwt":
        assert mine.put == mine.get
        assert mine.headers["Authorization"].startswith("Bearer ")
    else:
        assert mine.put.startswith(f"{mine.get}?{pair.scheme}=")
        assert not mine.headers, "no headers are needed that a client would have to send"
    assert put(mine, b"data", "image/png").status == 201
    assert put(mine, b"data", "image/png").status == 409
    got = web.get(mine.get)
    assert (got.body, got.headers["Content-Type"]) == (b"data", "image/png")


def test_all_but_v_sign_the_type(pair, slot):
    mine = slot("photo.png", 4, "image/png")

    stored = put(mine, b"data", "audio/ogg")

    assert stored.status == {"v": 201, "v2": 403, "jwt": 415}[pair.scheme]


def test_a_slot_without_a_type_is_for_bytes(slot):
    mine = slot("file", 4)

    assert put(mine, b"data").status == 201
    assert web.get(mine.get).headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize("name", NAMES)
def test_names_arrive_as_they_are(slot, name):
    content = os.urandom(100)
    if "/" in name:
        with pytest.raises(NoSlotError) as refused:
            slot(name, len(content))
        assert refused.value.condition == "bad-request"
        return
    mine = slot(name, len(content))
    assert unquote(mine.get).endswith(f"/{name}")

    stored = put(mine, content)

    if name == ".":
        # A path that no browser would leave as it is.
        assert stored.status == 400
        return
    assert stored.status == 201, stored
    assert web.download(mine.get) == content


def test_a_name_that_is_a_way_out_gets_a_slot_that_does_not_work(slot):
    mine = slot("..", 4)
    assert urlsplit(mine.put).path.endswith("/..")

    assert put(mine, b"data").status == 400
    assert web.status(mine.get) == 400


@pytest.mark.parametrize("size", [0, 3, 5, 1000])
def test_a_slot_is_for_one_size(pair, slot, size):
    mine = slot("notes.txt", 4)

    assert put(mine, b"x" * size).status == {"jwt": 413}.get(pair.scheme, 403)
    assert web.status(mine.get) == 404


def test_a_slot_is_for_one_path(pair, slot):
    mine, other = slot("notes.txt", 4), slot("notes.txt", 4)
    # Prosody itself would take one JWT for many names.
    renamed = mine.get.replace("notes.txt", "more.txt")

    for path in [other.get, renamed]:
        stored = put(mine, b"data", at=f"{path}?{urlsplit(mine.put).query}")
        assert stored.status == {"jwt": 401}.get(pair.scheme, 403), path
        assert web.status(path) == 404
    assert put(mine, b"data").status == 201


def test_prosody_grants_nothing_that_is_too_large(session):
    """The module of Prosody 0.12 stumbles over its own refusal and never answers it."""

    async def ask(client):
        large = asyncio.create_task(slots.ask(client, "film.mp4", MAX_SIZE + 1))
        # Prosody answers in order.
        await slots.ask(client, "film.mp4", MAX_SIZE)
        if not large.done():
            large.cancel()
        return (await asyncio.gather(large, return_exceptions=True))[0]

    outcome = session(ask)

    assert isinstance(outcome, asyncio.CancelledError | NoSlotError)


def test_what_only_prosody_grants_the_sidecar_refuses_unread(slot):
    given = slot("film.mp4", MAX_SIZE + 1, service=GENEROUS)
    mine = urlsplit(given.put)

    connection = http.client.HTTPConnection(mine.hostname, mine.port, timeout=60)
    connection.putrequest("PUT", f"{mine.path}?{mine.query}")
    for header in given.headers.items():
        connection.putheader(*header)
    connection.putheader("Content-Length", str(MAX_SIZE + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_another_secret_signs_nothing_here(pair, slot):
    mine = slot("notes.txt", 4, service=FOREIGN)

    assert put(mine, b"data").status == {"jwt": 401}.get(pair.scheme, 403)
    assert web.status(mine.get) == 404
