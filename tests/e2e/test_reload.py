"""The upload secret is rotated on both sides, as docs/operations.md says, and nobody notices."""

import asyncio
import json
import secrets
import urllib.request

import pytest

from conftest import running
from harness import slots, web
from harness.ports import free_ports
from harness.secrecy import secret
from harness.server import Server
from harness.xmpp import logged_in


@pytest.fixture(scope="module")
def reloading(tmp_path_factory):
    """Takes the command `reload_config` over HTTP: there is no ejabberdctl in the tests."""
    data = tmp_path_factory.mktemp("reloading")
    server = Server(data, stored_in=data / "store")
    (port,) = free_ports(1)
    add(
        server.ejabberd.config,
        "listen",
        f'  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_http, tag: reloading,'
        " request_handlers: {/reloading: mod_http_api}}",
    )
    add(
        server.ejabberd.config,
        "api_permissions",
        '  "reloading": {from: [{tag: reloading}], who: all, what: [reload_config]}',
    )
    server.reload_url = f"http://127.0.0.1:{port}/reloading/reload_config"
    yield from running(server)


def add(config, section, lines):
    text = config.read_text()
    if f"\n{section}:\n" not in text:
        text += f"\n{section}:\n"
    config.write_text(text.replace(f"\n{section}:\n", f"\n{section}:\n{lines}\n", 1))


class Rotation:
    def __init__(self, server):
        self.server = server
        self.old = server.upload_secret
        self.new = secret(secrets.token_hex(32))
        self._file = server.ejabberd.config.parents[1] / "secrets/upload.secret"
        self._macros = server.ejabberd.config.with_name("local.yml")

    def sidecar_has(self, *lines):
        self._file.write_text("\n".join(lines) + "\n")
        self.server.sidecar.reload()

    def ejabberd_has(self, one):
        before = self._macros.read_text()
        assert before.count(self.old) == 1
        self._macros.write_text(before.replace(self.old, one))
        call = urllib.request.Request(
            self.server.reload_url,
            b"{}",
            {"Content-Type": "application/json"},
        )
        assert json.load(urllib.request.urlopen(call, timeout=60)) in (0, "")


def test_an_upload_secret_is_rotated_and_old_slots_stay_good(reloading):
    rotation = Rotation(reloading)
    token = reloading.sidecar.mint("alice@localhost")

    async def conversation():
        async with logged_in(reloading.ejabberd, "alice@localhost", token) as client:
            first, late = [await slots.ask(client, "notes.txt", 4) for _ in range(2)]

            rotation.sidecar_has(rotation.new, rotation.old)
            between = await slots.ask(client, "notes.txt", 4)
            rotation.ejabberd_has(rotation.new)
            after = await slots.ask(client, "notes.txt", 4)
            for slot in (first, between, after):
                assert web.put(slot.put, b"data").status == 201
                assert web.download(slot.get) == b"data"

            rotation.sidecar_has(rotation.new)
            assert web.put(late.put, b"data").status == 403, "its secret is not listed any more"
            last = await slots.ask(client, "notes.txt", 4)
            assert web.put(last.put, b"data").status == 201
            assert web.download(first.get) == b"data"
        # The bridge, and who exists, are as before.
        async with logged_in(reloading.ejabberd, "alice@localhost", token):
            pass

    asyncio.run(conversation())


def test_a_mistake_changes_nothing(reloading):
    sidecar = reloading.sidecar
    good = sidecar.config.read_text()
    since = sidecar.log_length()
    sidecar.config.write_text(good.replace("[upload]", "[upload]\nmax_sise = 1"))
    try:
        sidecar.hang_up()
        sidecar.wait_for_log("not reloaded, all stays as it was: .*max_sise", since)
    finally:
        sidecar.config.write_text(good)
    token = sidecar.mint("alice@localhost")

    async def login():
        async with logged_in(reloading.ejabberd, "alice@localhost", token) as client:
            return await slots.ask(client, "notes.txt", 4)

    assert web.put(asyncio.run(login()).put, b"data").status == 201
    sidecar.reload()
