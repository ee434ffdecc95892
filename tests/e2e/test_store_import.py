"""Files that ejabberd kept itself come to the sidecar, and their old URLs with them."""

import asyncio
import os
import subprocess
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from harness import slots, web
from harness.paths import SIDECAR
from harness.ports import free_ports
from harness.server import Server
from harness.xmpp import logged_in

# ejabberd as it is before: it takes and serves the files itself.
MODULE = """
listen:
  - port: {port}
    ip: "127.0.0.1"
    module: ejabberd_http
    request_handlers:
      /upload: mod_http_upload
modules:
  mod_http_upload:
    docroot: "{docroot}"
    put_url: "http://localhost:{port}/upload"
    jid_in_url: {jid_in_url}
"""
FILES = {"photo.PNG": 5000, "Grüße aus 東京 №1.txt": 300_000, "song.mp3": 1, "no-extension": 10}


@dataclass
class Before:
    server: Server
    docroot: str
    # Whose: ejabberd's answer to each of his URLs.
    answers: dict[str, dict[str, web.Answer]]

    def sidecar(self, *arguments: str) -> str:
        command = [SIDECAR, *arguments]
        return subprocess.check_output(command, text=True, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module", params=["sha1", "node"])
def before(request, tmp_path_factory):
    data = tmp_path_factory.mktemp(f"import-{request.param}")
    environment = {"EJABBERD_SIDECAR__UPLOAD__LEGACY_PREFIXES": '["/upload"]'}
    server = Server(data, data / "store", environment)
    (port,) = free_ports(1)
    docroot = data / "docroot"
    module = MODULE.format(port=port, docroot=docroot, jid_in_url=request.param)
    (data / "ejabberd" / "slots.yml").write_text(module)
    server.start()
    users = ["alice@localhost", "bob.smith@localhost"]
    answers = {user: asyncio.run(uploaded(server, user)) for user in users}
    yield Before(server, str(docroot), answers)
    assert server.stop() == (0, 0)


async def uploaded(server: Server, user: str) -> dict[str, web.Answer]:
    answers = {}
    async with logged_in(server.ejabberd, user, server.sidecar.mint(user)) as client:
        for name, size in FILES.items():
            slot = await slots.ask(client, name, size)
            content = os.urandom(size)
            put = await asyncio.to_thread(web.put, slot.put, content)
            assert put.status == 201
            answers[slot.get] = await asyncio.to_thread(web.get, slot.get)
            assert answers[slot.get].body == content
    return answers


def test_old_urls_answer_from_the_sidecar_as_they_did_before(before):
    config = ["--config", str(before.server.sidecar.config)]
    import_all = ["store", "import", "--kind", "mod_http_upload", "--host", "localhost", *config]

    early = before.sidecar(*import_all, "--settled", "1h", before.docroot)
    assert "copied 0" in early
    assert "may still be on its way" in early
    count = len(before.answers) * len(FILES)
    assert f"copied {count} " in before.sidecar(*import_all, "--settled", "0s", before.docroot)
    again = before.sidecar(*import_all, "--settled", "0s", before.docroot)
    assert f"there already {count}, failed 0" in again

    for url, old in [item for answers in before.answers.values() for item in answers.items()]:
        now = web.get(before.server.sidecar.public_url + urlsplit(url).path)
        assert (now.status, now.body) == (200, old.body)
        assert now.headers["Content-Type"] == old.headers["Content-Type"]

    # They are the user's, whatever their URLs call him.
    for user, answers in before.answers.items():
        forgotten = before.sidecar("user", "forget", *config, user)
        assert f"erased {user}: {len(FILES)} files" in forgotten
        for url in answers:
            assert web.status(before.server.sidecar.public_url + urlsplit(url).path) == 404
            assert web.status(url) == 200, "ejabberd's folder is left as it is"
