"""A sidecar, a web site beside it on another origin, and Chromium."""

import itertools
import secrets
from pathlib import Path
from urllib.parse import unquote

import pytest
from harness import processes, tokens
from harness.ports import free_ports
from harness.sidecar import Sidecar

from chromium import Chromium
from website import Site


class Files(Sidecar):
    """A sidecar that only files are put into."""

    def __init__(self, data: Path, store: str = 'kind = "disk"\npath = "store"'):
        public, hook, ops = free_ports(3)
        self.upload_secret = secrets.token_hex(32)
        (data / "logs").mkdir()
        super().__init__(data, public, ops, {})
        self.config.write_text(
            f"""\
[listen]
public = "127.0.0.1:{public}"
hook = "127.0.0.1:{hook}"
ops = "127.0.0.1:{ops}"
[upload]
public_url = "{self.public_url}/upload/@HOST@"
secrets = ["{self.upload_secret}"]
max_size = "1MiB"
denied_extensions = ["exe"]
[[hosts.localhost.issuers]]
issuer = "nobody"
secret = "{secrets.token_hex(32)}"
[store]
{store}
"""
        )
        self._numbers = itertools.count()

    def slot(self, name: str, size: int) -> tuple[str, str]:
        """Where to PUT, and where to GET. The name is as it stands in the address."""
        folder = f"{tokens.user_folder('alice@localhost')}/{next(self._numbers)}"
        get = f"{self.public_url}/upload/localhost/{folder}/{name}"
        mac = tokens.upload_mac(self.upload_secret, f"{folder}/{unquote(name)}", size)
        return f"{get}?v={mac}", get


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    files = Files(tmp_path_factory.mktemp("files"))
    files.start()
    yield files
    assert files.stop() == 0


@pytest.fixture(scope="session")
def site():
    site = Site()
    yield site
    site.stop()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    chromium = Chromium(tmp_path_factory.mktemp("saved"))
    yield chromium
    chromium.driver.quit()


@pytest.fixture
def page(chromium, site):
    """A page of the site is open."""
    chromium.driver.get(site.put("/client", "<!doctype html><title>a client</title>"))
    return chromium


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_behind():
    yield
    processes.end_all()
