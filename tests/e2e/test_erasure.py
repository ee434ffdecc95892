"""A user whom ejabberd removes loses all that he uploaded, whichever way it came, at both of two
sidecars with one store; and a slot that he kept is dead."""

import asyncio
import os
from urllib.parse import urlsplit

import pytest

from harness import ejabberd_api, slots, stores, tokens, web
from harness.processes import wait_until
from harness.server import Server
from harness.xmpp import logged_in

SETTINGS = {
    "EJABBERD_SIDECAR__AUTH__PROVISIONING": "true",
    "EJABBERD_SIDECAR__UPLOAD__ACCEPT": '["v", "bearer", "jwt"]',
    # Each file has an entry that holds its name.
    "EJABBERD_SIDECAR__UPLOAD__RETENTION": "1d",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("erasure")
    stored_in, settings = stores.of_environment(data)
    made = Server(data, stored_in, SETTINGS, **settings)
    config = made.ejabberd.config.read_text()
    may = "      - reload_config\n"
    assert config.count(may) == 1, "what programs on this machine may do"
    made.ejabberd.config.write_text(config.replace(may, may + "      - unregister\n"))
    made.start()
    made.twin = made.sidecar.beside()
    made.twin.start()
    yield made
    assert made.twin.stop() == 0
    assert made.stop() == (0, 0)


def at(sidecar, url: str) -> str:
    """The same place at one of the sidecars."""
    return sidecar.public_url + url[url.index("/upload/") :]


async def visit(server, user: str) -> tuple[slots.Slot, slots.Slot]:
    """He logs in and asks ejabberd for two slots."""
    jid = f"{user}@localhost"
    async with logged_in(server.ejabberd, jid, server.sidecar.mint(jid)) as client:
        return await slots.ask(client, "v.bin", 100), await slots.ask(client, "kept.bin", 100)


def upload_all(server, user: str) -> tuple[dict[str, bytes], str]:
    """Files by each kind of slot, and a slot that is not used yet."""
    jid, contents = f"{user}@localhost", [os.urandom(100) for _ in range(3)]
    by_v, kept = asyncio.run(visit(server, user))
    assert web.put(at(server.sidecar, by_v.put), contents[0]).status == 201

    url, headers = server.sidecar.slot(jid, "bearer.bin", 100)
    assert web.request("PUT", at(server.twin, url), contents[1], headers).status == 201

    place = f"{user}-slot/jwt.bin"
    token = tokens.prosody_slot(server.upload_secret, jid, place, 100)
    pointed = f"{server.twin.public_url}/upload/localhost/{place}"
    answer = web.request("PUT", pointed, contents[2], {"Authorization": f"Bearer {token}"})
    assert answer.status == 201

    files = dict(zip([by_v.get, url.split("?")[0], pointed], contents, strict=True))
    for sidecar in (server.sidecar, server.twin):
        for got, content in files.items():
            assert web.download(at(sidecar, got)) == content
    return files, kept.put


def names_left(server, user: str) -> list[str]:
    """All that the store holds with one of his names, or below one."""
    names = [f"{user}-slot", tokens.user_folder(f"{user}@localhost"), f"{user}@localhost"]
    stored = stores.contents(server.stored_in).items()
    return [file for file, held in stored if any(name in f"{file} {held}" for name in names)]


def test_a_removed_user_loses_all_files_and_the_slots_he_kept(server):
    files, kept = upload_all(server, "leaver")
    others, _ = upload_all(server, "stayer")
    assert len(names_left(server, "leaver")) > len(files)
    before = server.sidecar.log_length()

    status, _ = ejabberd_api.call(server.ejabberd, "unregister", user="leaver", host="localhost")

    assert status == 200
    server.sidecar.wait_for_log('remove user="leaver".*outcome="done"', before)
    for sidecar in (server.sidecar, server.twin):
        assert [web.status(at(sidecar, url)) for url in files] == [404, 404, 404]
        assert [web.status(at(sidecar, url)) for url in others] == [200, 200, 200]
        since = sidecar.log_length()
        assert web.put(at(sidecar, kept), os.urandom(100)).status == 410
        sidecar.wait_for_log('upload.*reason="user_erased"', since)
    left = {file.split("/")[0] for file in names_left(server, "leaver")}
    assert left <= {"tombs", "users"}, "what says that he is gone"
    assert not server.has_stored(b"leaver@localhost")

    asyncio.run(visit(server, "leaver"))
    # That he is back is written down a moment after his login.
    content = os.urandom(100)
    wait_until("his slots count", lambda: web.put(at(server.twin, kept), content).status == 201)
    path = urlsplit(kept).path
    assert web.download(server.sidecar.public_url + path) == content
