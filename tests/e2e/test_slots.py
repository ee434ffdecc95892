"""The slots of stock ejabberd, and what the sidecar makes of them: both have to agree on each."""

import asyncio
import http.client
import os
from urllib.parse import unquote, urlsplit

import pytest

from harness import slots, web
from harness.slots import NAMES, NAMESPACES, NoSlotError
from harness.xmpp import logged_in

MAX_SIZE = 104857600


@pytest.fixture
def session(server):
    """Runs what it is given with a client of alice."""

    def run(conversation):
        async def go():
            token = server.sidecar.mint("alice@localhost")
            async with logged_in(server.ejabberd, "alice@localhost", token) as client:
                return await conversation(client)

        return asyncio.run(go())

    return run


@pytest.fixture
def slot(session):
    """One slot."""
    return lambda *wanted, **more: session(lambda client: slots.ask(client, *wanted, **more))


def test_the_service_is_found_and_tells_its_limit(session):
    features, largest = session(slots.features)

    assert features >= set(NAMESPACES)
    assert largest[slots.CURRENT] == str(MAX_SIZE)


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_slot_takes_its_file_and_serves_it(slot, namespace):
    content = os.urandom(1000)
    mine = slot("photo.png", len(content), "image/png", namespace=namespace)

    assert mine.put.startswith(f"{mine.get}?v=")
    assert web.put(mine.put, content, "image/png").status == 201

    got = web.get(mine.get)
    assert (got.status, got.body) == (200, content)
    assert got.headers["Content-Type"] == "image/png"
    assert got.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    head = web.request("HEAD", mine.get)
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Last-Modified", "Accept-Ranges"):
        assert head.headers[name] == got.headers[name] is not None, name


def test_a_file_is_sent_once_to_who_keeps_it(slot):
    content = os.urandom(1000)
    mine = slot("photo.png", len(content), "image/png")
    assert web.put(mine.put, content, "image/png").status == 201
    got = web.get(mine.get)

    for known in (
        {"If_None_Match": got.headers["ETag"]},
        {"If_Modified_Since": got.headers["Last-Modified"]},
    ):
        again = web.get(mine.get, **known)
        assert (again.status, again.body) == (304, b""), known
    part = web.get(mine.get, Range="bytes=10-19")
    assert (part.status, part.body) == (206, content[10:20])
    assert part.headers["Content-Range"] == "bytes 10-19/1000"


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_there_is_no_slot_for_what_is_too_large(slot, namespace):
    with pytest.raises(NoSlotError) as refused:
        slot("film.mp4", MAX_SIZE + 1, "video/mp4", namespace=namespace)

    assert refused.value.condition == "not-acceptable"
    assert refused.value.max_file_size == str(MAX_SIZE)


def test_what_ejabberd_grants_the_sidecar_takes(slot):
    """The largest file is the same for both: the sidecar asks for its body."""
    mine = urlsplit(slot("film.mp4", MAX_SIZE, "video/mp4").put)

    connection = http.client.HTTPConnection(mine.hostname, mine.port, timeout=60)
    connection.putrequest("PUT", f"{mine.path}?{mine.query}")
    connection.putheader("Content-Length", str(MAX_SIZE))
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
    connection.close()

    assert web.status(mine._replace(query="").geturl()) == 404


def test_a_slot_is_for_one_size(slot):
    mine = slot("notes.txt", 10)

    for size in (0, 1, 9, 11, 1000):
        assert web.put(mine.put, b"x" * size).status == 403, size
    assert web.status(mine.get) == 404
    assert web.put(mine.put, b"x" * 10).status == 201


def test_a_slot_is_for_one_file(slot):
    mine, other = slot("notes.txt", 5), slot("notes.txt", 5)
    assert mine != other
    query = urlsplit(mine.put).query

    assert web.put(f"{other.get}?{query}", b"other").status == 403
    assert web.put(f"{mine.get}x?{query}", b"other").status == 403
    assert web.put(mine.get, b"other").status == 403
    assert web.put(mine.put, b"first").status == 201
    assert web.put(mine.put, b"other").status == 409
    assert web.put(mine.put, b"first").status == 409
    assert web.download(mine.get) == b"first"
    assert web.status(other.get) == 404


@pytest.mark.parametrize("size", [1, 2, 1023, 1024, 1025, 65536, 300_000])
def test_sizes(slot, size):
    content = os.urandom(size)
    mine = slot("file.bin", size)

    assert web.put(mine.put, content).status == 201
    assert web.download(mine.get) == content


@pytest.mark.parametrize("asked", ["image/png", "text/plain; charset=utf-8", None])
def test_the_type_is_the_uploads_and_not_the_slots(slot, asked):
    """`?v=` does not sign it: what is served is what the uploader said."""
    mine = slot("file", 4, asked)

    assert web.put(mine.put, b"data", "audio/ogg").status == 201
    assert web.get(mine.get).headers["Content-Type"] == "audio/ogg"


@pytest.mark.parametrize("name", NAMES)
def test_every_name_gets_a_slot_that_works(slot, name):
    """ejabberd turns much of a name into `_`; whatever is left is the path of both."""
    content = os.urandom(100)
    mine = slot(name, len(content))
    path = unquote(urlsplit(mine.get).path)
    assert path.count("/") == 5, path

    stored = web.put(mine.put, content)

    if path.endswith("/."):
        # A path that no browser would leave as it is.
        assert stored.status == 400
        return
    assert stored.status == 201, (path, stored)
    assert web.download(mine.get) == content


def test_a_name_that_is_a_way_out_gets_a_slot_that_does_not_work(server, slot):
    """ejabberd leaves `..` whole, and signs it."""
    before = server.sidecar.count("uploads", "refused")
    mine = slot("..", 4)
    assert unquote(urlsplit(mine.put).path).endswith("/..")

    assert web.put(mine.put, b"data").status == 400
    assert web.status(mine.get) == 400
    assert server.sidecar.count("uploads", "refused") == before + 1


def test_users_have_folders_of_their_own(server):
    async def one(user):
        token = server.sidecar.mint(user)
        async with logged_in(server.ejabberd, user, token) as client:
            return await slots.ask(client, "notes.txt", 4)

    alice, bob, again = (
        asyncio.run(one(user)) for user in ("alice@localhost", "bob@localhost", "alice@localhost")
    )

    folder = [urlsplit(slot.get).path.rsplit("/", 2)[0] for slot in (alice, bob, again)]
    assert folder[0] == folder[2] != folder[1]
    assert len({alice.get, bob.get, again.get}) == 3
