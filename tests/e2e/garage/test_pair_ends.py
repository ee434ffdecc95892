"""One of two sidecars ends in the middle of uploads: the other one goes on, and what was
acknowledged is there."""

from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from harness import component, tokens, uploads, web
from harness.pair import HalfUpload
from harness.processes import wait_until


@pytest.fixture
def one_ends(pair):
    """It is started again, and both are there again."""
    yield pair.sidecars[0]
    pair.sidecars[0].start()
    component.connected(pair.sidecars[0])


def half_uploads(pair, user: str) -> list[HalfUpload]:
    """So many that both sidecars are at it."""
    begun = []

    def at_both() -> bool:
        begun.append(pair.begin(user, 400_000))
        return all(sidecar.uploads_under_way() for sidecar in pair.sidecars)

    wait_until("both take files", at_both)
    return begun


def stored_by(pair, user: str) -> list[bytes]:
    folder = tokens.user_folder(f"{user}@localhost")
    return [pair.bucket.read(name) for name in pair.bucket.names("files/") if folder in name]


def test_one_is_killed(pair, one_ends, tmp_path):
    files = dict(pair.upload("survivor", 100_000) for _ in range(6))
    halves = half_uploads(pair, "survivor")

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(upload_until_stored, pair, "survivor") for _ in range(40)]
        wait_until("some are stored", lambda: sum(each.done() for each in waiting) >= 10)
        one_ends.kill()
        done, given_up = zip(*[each.result() for each in waiting], strict=True)
        files |= dict(done)
    finished = {half: half.finish() for half in halves}

    files |= {half.url: half.content for half, status in finished.items() if status == 201}
    lost = [half for half, status in finished.items() if status != 201]
    assert {finished[half] for half in lost} <= {502, None}
    assert lost, "what was on its way to the one that was killed"
    assert len(lost) < len(halves), "the other one has not noticed"
    # Chats go on, too.
    ejabberd, alice, bob = pair.server.ejabberd, pair.user("alice"), pair.user("bob")
    url = uploads.by_slixmpp(ejabberd, alice, "meanwhile.bin", b"meanwhile")
    assert web.download(url) == b"meanwhile"
    url = uploads.by_go_sendxmpp(ejabberd, tmp_path, alice, bob, b"go on")
    assert web.download(url) == b"go on"

    for url, content in files.items():
        assert web.download(url) == content
    for half in lost:
        assert web.status(half.url) == 404
    stored = stored_by(pair, "survivor")
    assert set(files.values()) <= set(stored)
    # Of some only the answer is lost.
    assert set(stored) - set(files.values()) <= set(chain(*given_up)), "nothing partial"
    assert pair.bucket.unfinished() == []


def upload_until_stored(pair, user: str) -> tuple[tuple[str, bytes], list[bytes]]:
    """As a client does: whose slot came to nothing asks for another one. And what came to
    nothing."""
    given_up = []
    while True:
        upload = pair.begin(user, 100_000)
        status = upload.finish()
        if status == 201:
            return (upload.url, upload.content), given_up
        assert status in (502, None)
        given_up.append(upload.content)


def test_one_is_asked_to_end(pair, one_ends):
    """What it has begun it finishes, and nginx gives it nothing more."""
    halves = half_uploads(pair, "finisher")
    since = one_ends.log_length()

    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(one_ends.stop)
        one_ends.wait_for_log("stopping|draining", since)
        files = dict(pair.upload("finisher", 100_000) for _ in range(6))
        assert [half.finish() for half in halves] == [201] * len(halves)
        assert end.result() == 0

    files |= {half.url: half.content for half in halves}
    for url, content in files.items():
        assert web.download(url) == content
    assert sorted(stored_by(pair, "finisher")) == sorted(files.values())
