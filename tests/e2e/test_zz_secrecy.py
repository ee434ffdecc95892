"""Runs last: by then every test has left its traces."""

import asyncio

from harness.secrecy import LOG_FOLDERS, SECRETS, occurrences
from harness.web import download
from harness.xmpp import logged_in


def test_no_secret_is_in_any_log(on_disk):
    token = on_disk.sidecar.mint("alice@localhost")

    async def upload():
        async with logged_in(on_disk.ejabberd, "alice@localhost", token) as client:
            return await client.upload("last.txt", b"the last file")

    url = asyncio.run(upload())
    assert download(url) == b"the last file"

    assert len(SECRETS) >= 5, "a token in three parts, a MAC, the server's secrets"
    assert occurrences(SECRETS) == []

    # The search can find: what is no secret is there.
    for folder in LOG_FOLDERS:
        assert any(f.stat().st_size for f in folder.iterdir()), folder
    assert occurrences({"alice"})
