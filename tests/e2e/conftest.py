"""The installations that the tests share. Each runs until the last test ends."""

import pytest

from harness import processes
from harness.issuers import Issuers
from harness.s3 import S3Server
from harness.secrecy import LOG_FOLDERS, secret
from harness.server import Server

FAILED_LOGINS_PER_MINUTE = 10


@pytest.fixture(scope="session")
def on_disk(tmp_path_factory):
    """Files on disk, ejabberd's bridge over a unix socket."""
    data = tmp_path_factory.mktemp("disk")
    # The same user asks again and again.
    limits = "EJABBERD_SIDECAR__LIMITS__"
    many = {f"{limits}{what}_PER_MINUTE": "10000" for what in ("SLOTS", "API_REQUESTS")}
    hook = f"unix:{data / 'hook.sock'}"
    server = Server(data, stored_in=data / "store", environment=many, UP_HOOK=hook)
    yield from running(server)


@pytest.fixture(scope="session")
def on_s3(tmp_path_factory):
    """Files in an S3 bucket, ejabberd's bridge over TCP."""
    data = tmp_path_factory.mktemp("s3")
    logs = data / "s3-logs"
    logs.mkdir()
    LOG_FOLDERS.add(logs)
    bucket = S3Server(data / "buckets", logs / "s3-server.log")
    secret(bucket.SECRET_KEY)
    store = data / "store.toml"
    store.write_text(bucket.section())
    server = Server(data, stored_in=bucket.root, UP_STORE=str(store))
    yield from running(server)
    bucket.stop()


@pytest.fixture(scope="session")
def issuers(tmp_path_factory):
    """Those of `federated`."""
    return Issuers(tmp_path_factory.mktemp("issuers") / "keys")


@pytest.fixture(scope="session")
def federated(tmp_path_factory, issuers):
    """Users of all `issuers`, and a low limit for failed logins: a test takes a user of its own."""
    data = tmp_path_factory.mktemp("federated")
    sections = data / "issuers.toml"
    sections.write_text(issuers.sections())
    limit = {"EJABBERD_SIDECAR__LIMITS__LOGINS_PER_MINUTE": str(FAILED_LOGINS_PER_MINUTE)}
    server = Server(data, stored_in=data / "store", environment=limit, UP_ISSUERS=str(sections))
    yield from running(server)


@pytest.fixture(scope="session")
def provisioned(tmp_path_factory):
    """ejabberd makes and removes accounts."""
    data = tmp_path_factory.mktemp("provisioned")
    provisioning = {"EJABBERD_SIDECAR__AUTH__PROVISIONING": "true"}
    server = Server(data, stored_in=data / "store", environment=provisioning)
    with server.ejabberd.config.open("a") as config:
        # The modules are its last section.
        config.write("  mod_register: {}\nregistration_timeout: infinity\n")
    yield from running(server)


@pytest.fixture(scope="session")
def choosy(tmp_path_factory):
    """The sidecar alone, which takes neither every caller of its hook nor every file."""
    data = tmp_path_factory.mktemp("choosy")
    password = secret("the-hook's-password-0123456789")
    environment = {
        "EJABBERD_SIDECAR__LISTEN__HOOK_CREDENTIALS": f"ejabberd:{password}",
        "EJABBERD_SIDECAR__LISTEN__HOOK_PREFIX": "/auth",
        "EJABBERD_SIDECAR__UPLOAD__DENIED_TYPES": '["application/*"]',
        "EJABBERD_SIDECAR__UPLOAD__DENIED_EXTENSIONS": '["html"]',
    }
    server = Server(data, stored_in=data / "store", environment=environment)
    server.hook_password = password
    server.sidecar.start()
    yield server
    assert server.sidecar.stop() == 0


@pytest.fixture(params=["on_disk", "on_s3"])
def server(request) -> Server:
    """The test runs on each installation."""
    return request.getfixturevalue(request.param)


def running(server: Server):
    server.start()
    yield server
    assert server.stop() == (0, 0), "ejabberd and the sidecar end well on SIGTERM"


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_behind():
    """Also ends what a failed start left."""
    yield
    processes.end_all()
