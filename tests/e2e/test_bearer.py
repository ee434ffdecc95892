"""Slots of our own: a file goes up with the token in a header or in the path, once and in time."""

import json
import os
from urllib.parse import unquote

import pytest

from harness.web import download, request

JPEG = {"Content-Type": "image/jpeg"}


@pytest.mark.parametrize("place", ["header", "path"])
def test_a_slot_takes_its_file_once(server, place):
    content = os.urandom(200_000)
    since = server.sidecar.log_length()
    url, headers = server.sidecar.slot(
        "alice@localhost", "Grüße 1.jpg", len(content), "--token-in", place, "--type", "image/jpeg"
    )
    assert ("Authorization" in headers) == (place == "header")
    assert headers["Content-Type"] == "image/jpeg"

    answer = request("PUT", url, content, headers)

    assert answer.status == 201, answer
    told = json.loads(answer.body)
    assert told["success"] is True
    assert (told["user"], told["size"]) == ("alice@localhost", len(content))
    *_, folder, random, name = url.split("?")[0].split("/")
    assert told["filename"] == unquote(name) == "Grüße 1.jpg"
    got = f"{server.sidecar.public_url}/upload/localhost/{folder}/{random}/{name}"
    assert download(got) == content
    assert server.has_stored(content)
    server.sidecar.wait_for_log('user="alice@localhost".* outcome="stored"', since)

    again = request("PUT", url, content, headers)
    assert again.status == 409, again


def test_a_slot_is_worth_nothing_without_its_header_or_after_its_time(server):
    content = os.urandom(2_000)
    url, headers = server.sidecar.slot("alice@localhost", "a.jpg", len(content))
    for sent in [JPEG, JPEG | {"Authorization": "Basic YWxpY2U6eA=="}]:
        answer = request("PUT", url, content, sent)
        assert answer.status == 401, answer
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    short, too_late = server.sidecar.slot("alice@localhost", "a.jpg", len(content), "--ttl", "0s")
    assert request("PUT", short, content, too_late).status == 410

    assert not server.has_stored(content)
    assert request("PUT", url, content, JPEG | headers).status == 201
