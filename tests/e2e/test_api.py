"""The API with real tokens: of an issuer with a shared secret, and of those with public keys."""

import json
import os
import re
import subprocess

import pytest

from harness.paths import ROOT
from harness.secrecy import secret
from harness.web import download, request


def api(server, token: str, method: str, path: str, wish: dict | None = None):
    headers = {"Authorization": f"Bearer {token}"}
    body = None
    if wish is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(wish).encode()
    return request(method, f"{server.sidecar.public_url}/api/v1/{path}", body, headers)


def upload(server, token: str, name: str, content: bytes) -> str:
    """Where it is then."""
    answer = api(server, token, "POST", "slots", {"filename": name, "size": len(content)})
    assert answer.status == 201, answer
    slot = json.loads(answer.body)
    secret(slot["put"]["headers"]["Authorization"].removeprefix("Bearer "))
    stored = request("PUT", slot["put"]["url"], content, slot["put"]["headers"])
    assert stored.status == 201, stored
    return slot["get"]["url"]


def files(server, token: str) -> list[dict]:
    """All of them, page by page."""
    found, after = [], ""
    while True:
        answer = api(server, token, "GET", f"uploads?limit=3{after}")
        assert answer.status == 200, answer
        page = json.loads(answer.body)
        found += page["files"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def test_an_app_uploads_sees_and_removes(server):
    token = server.sidecar.mint("apps@localhost")
    contents = {f"Grüße {at}.bin": os.urandom(50_000) for at in range(4)}
    since = server.sidecar.log_length()

    urls = {upload(server, token, name, content): content for name, content in contents.items()}

    for url, content in urls.items():
        assert download(url) == content
        assert server.has_stored(content)
    server.sidecar.wait_for_log('slot.* user="apps@localhost".* door="api"', since)
    seen = files(server, token)
    assert {file["url"] for file in seen} == set(urls)
    assert {file["size"] for file in seen} == {50_000}
    assert files(server, server.sidecar.mint("others@localhost")) == []

    for file in seen:
        assert api(server, token, "DELETE", f"uploads/{file['path']}").status == 204
    assert files(server, token) == []
    for url, content in urls.items():
        assert request("GET", url).status == 410
        assert not server.has_stored(content)
    server.sidecar.wait_for_log('api.* user="apps@localhost".* outcome="removed"', since)


def test_the_page_says_what_works(on_disk, tmp_path):
    """docs/api.md, line by line."""
    page = (ROOT / "docs" / "api.md").read_text()
    _, *examples = re.findall(r"(?ms)^```sh\n(.*?)^```", page)
    assert len(examples) == 3
    token = on_disk.sidecar.mint("reader@localhost")
    (tmp_path / "photo.jpg").write_bytes(b"Hello, file.")
    public = on_disk.sidecar.public_url

    def run(example: str) -> str:
        script = example.replace("https://upload.example.org", public)
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=os.environ | {"TOKEN": token},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout

    upload_it, list_it, remove_it = examples
    assert run(upload_it).endswith("Hello, file.")
    (told,) = json.loads(run(list_it))["files"]
    assert (told["name"], told["size"], told["type"]) == ("photo.jpg", 12, "image/jpeg")
    run(remove_it)
    assert json.loads(run(list_it))["files"] == []


@pytest.mark.parametrize("issuer", ["rsa", "set", "jwk", "secret"])
def test_an_issuer_vouches_with_its_own_key(federated, issuers, issuer):
    issuer = getattr(issuers, issuer)

    assert files(federated, issuer.token("key-app")) == []

    forged = issuer.token("key-app", key=type(issuer.key)())
    assert api(federated, forged, "GET", "uploads").status == 401


def test_an_issuer_of_two_vhosts_asks_for_the_vhost(federated, issuers):
    token = issuers.shared.token("shared-app@localhost")
    since = federated.sidecar.log_length()

    assert api(federated, token, "GET", "uploads").status == 401

    federated.sidecar.wait_for_log('api.* reason="vhost_needed"', since)
    assert api(federated, token, "GET", "uploads?vhost=localhost").status == 200
