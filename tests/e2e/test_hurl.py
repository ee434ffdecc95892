"""hurl-tests/ against a running sidecar. The files are documentation, too."""

import asyncio
import os
import subprocess

import pytest

from harness import tokens
from harness.paths import HURL_TESTS
from harness.xmpp import logged_in

HELLO = len("Hello, file.")
TOO_LARGE = 100 * 1024 * 1024 + 1


def signed(server, path: str, size: int) -> str:
    """An upload address as ejabberd would sign it, whatever the path."""
    mac = tokens.upload_mac(server.upload_secret, path, size)
    return f"{server.sidecar.public_url}/upload/localhost/{path}?v={mac}"


def secrets(server) -> dict[str, str]:
    key, alice = server.issuer_secret, "alice@localhost"
    folder = tokens.user_folder(alice)
    return {
        "good_token": server.sidecar.mint(alice),
        "tampered_token": tokens.tampered(key, alice),
        "expired_token": tokens.make(key, alice, expires_in=-120),
        "foreign_token": tokens.make(key, "bob@localhost"),
        "unsigned_token": tokens.make(key, alice, alg="none"),
        "put_url": server.sidecar.sign(alice, "hello.txt", HELLO),
        "page_put_url": server.sidecar.sign(alice, "page.html", HELLO),
        "parent_put_url": signed(server, f"{folder}/parent/..", HELLO),
        "large_put_url": signed(server, f"{folder}/large/large.bin", TOO_LARGE),
    }


def write(path, values: dict[str, str]) -> str:
    path.touch(0o600)
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return str(path)


# Needs users who are logged in.
API = "ejabberd-api.hurl"


@pytest.mark.parametrize("name", sorted(f.name for f in HURL_TESTS.glob("*.hurl") if f.name != API))
def test_hurl(server, tmp_path, name):
    hidden = secrets(server)
    shown = {
        "ops": server.sidecar.ops_url,
        "hook": server.hook_url,
        "get_url": hidden["put_url"].partition("?")[0],
        "page_get_url": hidden["page_put_url"].partition("?")[0],
    }
    options = ["--secrets-file", write(tmp_path / "secrets", hidden)]
    if server.hook_socket and name == "login.hurl":
        options += ["--unix-socket", str(server.hook_socket)]
    run(tmp_path, name, shown, *options)


def test_hurl_of_ejabberds_api(server, tmp_path):
    jid = "connected@localhost"
    token = server.sidecar.mint(jid)

    async def conversation():
        phone = logged_in(server.ejabberd, f"{jid}/phone", token)
        async with phone as first, logged_in(server.ejabberd, jid, token) as second:
            ended = [asyncio.create_task(c.wait_until("disconnected")) for c in (first, second)]
            shown = {"api": server.ejabberd.api_url, "user": "connected", "resource": "phone"}
            await asyncio.to_thread(run, tmp_path, API, shown)
            await asyncio.wait_for(asyncio.gather(*ended), 30)

    asyncio.run(conversation())


def run(folder, name: str, variables: dict[str, str], *options: str) -> None:
    command = [os.environ.get("HURL", "hurl"), "--test", "--no-color", *options]
    command += ["--variables-file", write(folder / "variables", variables)]

    hurl = subprocess.run([*command, HURL_TESTS / name], capture_output=True, text=True, timeout=60)

    assert hurl.returncode == 0, hurl.stdout + hurl.stderr


def test_there_are_hurl_files():
    assert list(HURL_TESTS.glob("*.hurl"))
