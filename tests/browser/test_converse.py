"""Converse.js at real ejabberd: people log in with tokens, and send each other a picture."""

import itertools
import os
import struct
import urllib.request
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from harness.processes import wait_until
from harness.server import Server

import converse
from converse import Converse

WIDTH, HEIGHT = 320, 200


@pytest.fixture(scope="module", params=["component", "ejabberd"])
def slots(request) -> str:
    """Who hands them out."""
    return request.param


@pytest.fixture(scope="module")
def server(tmp_path_factory, slots):
    data = tmp_path_factory.mktemp(slots)
    server = Server(data, stored_in=data / "store", UP_SLOTS=slots)
    server.start()
    if slots == "component":
        wait_until("the component is connected", lambda: "component: connected" in ready(server))
    yield server
    assert server.stop() == (0, 0)


def ready(server) -> str:
    return urllib.request.urlopen(f"{server.sidecar.ops_url}/readyz").read().decode()


@pytest.fixture
def page(site, server, slots) -> str:
    return converse.serve(site, Path(os.environ["CONVERSE"]), f"/{slots}", server.ejabberd)


@pytest.fixture
def browser(tmp_path, server, slots):
    """Gives a browser for each name. What they show in the end is kept as a picture."""
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    open_ones = {}

    def of(name: str) -> Converse:
        open_ones[name] = Converse(tmp_path / name, server.ejabberd.certificate)
        return open_ones[name]

    yield of
    for name, one in open_ones.items():
        kept = folder / f"converse-{slots}-{name}.png"
        try:
            assert one.driver.save_screenshot(str(kept)), kept
        finally:
            one.driver.quit()
        print(f"what {name} saw: {kept}")


def picture() -> bytes:
    """A PNG of many colours."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = b"".join(
        b"\0" + b"".join(bytes([x * 255 // WIDTH, y * 255 // HEIGHT, 160]) for x in range(WIDTH))
        for y in range(HEIGHT)
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(itertools.starmap(chunk, parts))


def test_a_picture_is_sent_and_shown(page, browser, server, slots, tmp_path):
    file = tmp_path / "Grüße 1.png"
    file.write_bytes(picture())
    alice, bob = browser("alice"), browser("bob")
    for one, jid, peer in [
        (alice, "alice@localhost", "bob@localhost"),
        (bob, "bob@localhost", "alice@localhost"),
    ]:
        one.log_in(page, jid, server.sidecar.mint(jid), peer)

    alice.send_file(file)

    address, *size = alice.wait_for_picture()
    assert size == [WIDTH, HEIGHT]
    assert bob.wait_for_picture() == (address, WIDTH, HEIGHT)
    assert address.startswith(f"{server.sidecar.public_url}/upload/localhost/")
    assert server.has_stored(file.read_bytes())
    assert_uploaded(alice, server, slots)


def assert_uploaded(browser, server, slots: str) -> None:
    """To another origin, so after a question; each slot has its token in a place of its own."""
    sent = {}

    def told() -> bool:
        """The log of the network may come late."""
        ours = [r for r in browser.requests() if r.url.startswith(server.sidecar.public_url)]
        sent.update({request.method: request for request in ours})
        return {"OPTIONS", "PUT"} <= sent.keys()

    wait_until("the browser tells of preflight and upload", told)
    put, preflight = sent["PUT"], sent["OPTIONS"]
    assert (preflight.status, put.status) == (200, 201)
    assert preflight.url == put.url
    asked_for = preflight.headers["Access-Control-Request-Headers"].split(",")
    in_header = put.headers.get("Authorization", "").startswith("Bearer ")
    in_address = urlsplit(put.url).query.startswith("v=")
    if slots == "component":
        assert (asked_for, in_header, in_address) == (
            ["authorization", "content-type"],
            True,
            False,
        )
    else:
        assert (asked_for, in_header, in_address) == (["content-type"], False, True)
