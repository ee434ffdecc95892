"""Two sidecars on one store: what a user may upload, by every kind of slot that names him."""

import asyncio
import time
import uuid

import pytest
from slixmpp.exceptions import IqError

from harness import component, stores, tokens, web
from harness.processes import wait_until
from harness.server import Server
from harness.sidecar import Sidecar
from harness.xmpp import logged_in

KINDS = ["v", "bearer", "jwt"]
QUOTA = 1000
MAX_SIZE = 50_000
SLOTS_PER_MINUTE = 20
LIMITS = {
    "UPLOAD__ACCEPT": '["v", "bearer", "jwt"]',
    "UPLOAD__QUOTA_PER_USER": f"{QUOTA}B",
    "UPLOAD__MAX_SIZE": f"{MAX_SIZE}B",
    "UPLOAD__DENIED_TYPES": '["text/html"]',
    "LIMITS__SLOTS_PER_MINUTE": str(SLOTS_PER_MINUTE),
    "LIMITS__BYTES_PER_MINUTE": "100kB",
}


class Pair:
    """ejabberd with two sidecars. Both are its component."""

    def __init__(self, server: Server, other: Sidecar):
        self.server = server
        self.sidecars = [server.sidecar, other]

    def put(self, at: int, kind: str, user: str, size: int, content_type: str | None = None):
        """Uploads a new file to one of the sidecars, by a slot of the first."""
        url, headers = self._slot(kind, user, size, content_type)
        url = url.replace(self.server.sidecar.public_url, self.sidecars[at].public_url)
        headers = {"Content-Type": content_type or "application/octet-stream"} | headers
        return web.request("PUT", url, b"x" * size, headers)

    def _slot(self, kind, user, size, content_type):
        folder = f"{self.server.sidecar.public_url}/upload/localhost"
        if kind == "v":
            path = f"{tokens.user_folder(user)}/{uuid.uuid4()}/file.bin"
            mac = tokens.upload_mac(self.server.upload_secret, path, size)
            return f"{folder}/{path}?v={mac}", {}
        if kind == "bearer":
            return self.server.sidecar.slot(user, "file.bin", size)
        path = f"{uuid.uuid4()}/file.bin"
        token = tokens.prosody_slot(self.server.upload_secret, user, path, size, content_type)
        return f"{folder}/{path}", {"Authorization": f"Bearer {token}"}

    def ask(self, user: str, *sizes: int) -> list:
        """Slots of the component, or its refusals."""

        async def go():
            token = self.server.sidecar.mint(user)
            async with logged_in(self.server.ejabberd, user, token) as client:
                asked = [component.ask(client, "file.bin", str(size)) for size in sizes]
                return await asyncio.wait_for(
                    asyncio.gather(*asked, return_exceptions=True), timeout=60
                )

        return asyncio.run(go())

    def refused(self, reason: str, since: list[int]) -> None:
        """Waits until each has told that."""
        for sidecar, length in zip(self.sidecars, since, strict=True):
            sidecar.wait_for_log(f'reason="{reason}"', length)

    def log_lengths(self) -> list[int]:
        return [sidecar.log_length() for sidecar in self.sidecars]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    data = tmp_path_factory.mktemp("pair")
    limits = {f"EJABBERD_SIDECAR__{name}": value for name, value in LIMITS.items()}
    stored_in, settings = stores.of_environment(data)
    server = Server(data, stored_in, limits, UP_SLOTS="component", **settings)
    server.start()
    other = server.sidecar.beside()
    other.start()
    for sidecar in (server.sidecar, other):
        sidecar.wait_for_log("component upload.localhost: connected", 0)
    yield Pair(server, other)
    assert other.stop() == 0
    assert server.stop() == (0, 0)


def test_a_users_quota_holds_whichever_slot_and_whichever_process(pair):
    user, since = "alice@localhost", pair.log_lengths()
    for kind in KINDS:
        assert pair.put(0, kind, user, 300).status == 201, kind

    for kind in KINDS:
        # The second one lists what is there when it is asked for the first time.
        for at in (1, 0):
            assert pair.put(at, kind, user, 101).status == 507, (kind, at)
            assert pair.put(at, kind, f"{kind}-{at}@localhost", 101).status == 201, "another user"
    pair.refused("quota_user", since)
    (refusal,) = pair.ask(user, 101)
    assert isinstance(refusal, IqError)
    error = refusal.iq["error"]
    assert (error["condition"], error["type"]) == ("resource-constraint", "wait")
    assert "100 B left of your 1.0 kB" in error["text"]

    (slot,) = pair.ask(user, 100)
    assert component.put(slot, b"x" * 100).status == 201
    # The other one may not know of it yet. With this it has no room either, as far as it knows.
    assert pair.put(1, "v", user, 100).status in (201, 507)
    for at in (0, 1):
        for kind in KINDS:
            assert pair.put(at, kind, user, 1).status == 507, (kind, at)


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_types_and_sizes(pair, at, kind):
    user = f"bob-{at}-{kind}@localhost"
    assert pair.put(at, kind, user, 10, "text/html").status == 415
    assert pair.put(at, kind, user, 10, "image/png").status == 201
    if kind == "bearer":
        # There is no such slot.
        (refusal,) = pair.ask(user, MAX_SIZE + 1)
        assert refusal.iq["error"]["condition"] == "not-acceptable"
        assert component.largest(refusal.iq.xml) == str(MAX_SIZE)
    else:
        assert pair.put(at, kind, user, MAX_SIZE + 1).status == 413


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_bytes_of_a_minute(pair, at, kind):
    user, answers = f"carol-{at}-{kind}@localhost", []

    def too_much() -> bool:
        answers.append(pair.put(at, kind, user, 30_000))
        return answers[-1].status == 429

    # A minute may end meanwhile. There is no room for such a file: what was sent in vain counts.
    wait_until("the bytes of the minute are used up", too_much)
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert {answer.status for answer in answers[:-1]} == {507}
    assert pair.put(at, kind, f"dave-{at}-{kind}@localhost", 900).status == 201, "another user"


def test_slots_of_a_minute(pair):
    since = pair.log_lengths()
    answers = pair.ask("mallory@localhost", *[1] * (5 * SLOTS_PER_MINUTE))
    refused = [answer for answer in answers if isinstance(answer, IqError)]

    # Each process counts for itself, and a minute may end meanwhile.
    assert len(refused) >= SLOTS_PER_MINUTE
    for refusal in refused:
        error = refusal.iq["error"]
        assert (error["condition"], error["type"]) == ("resource-constraint", "wait")
        stamp = time.strptime(component.retry(refusal.iq.xml), "%Y-%m-%dT%H:%M:%SZ")
        assert stamp.tm_sec == 0, "the next minute"
    pair.refused("slot_rate", since)
    (slot,) = pair.ask("grace@localhost", 1)
    assert component.put(slot, b"x").status == 201
