"""A sidecar, a web site beside it on another origin, and Chromium."""

import itertools
import secrets
from pathlib import Path
from urllib.parse import unquote

import pytest
from harness import processes, tokens
from harness.ports import free_ports
from harness.processes import wait_until
from harness.sidecar import Sidecar
from selenium import webdriver

from website import Site


class Files(Sidecar):
    """A sidecar that only files are put into."""

    def __init__(self, data: Path):
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
kind = "disk"
path = "store"
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


class Chromium:
    """With what it saves in `saved`."""

    def __init__(self, saved: Path):
        self.saved = saved
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in (
            "--headless=new",
            # As root it has no sandbox; all that it meets here is of these tests.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-popup-blocking",
            "--no-proxy-server",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
        ):
            options.add_argument(argument)
        options.add_experimental_option(
            "prefs",
            {
                "download.default_directory": str(saved),
                "download.prompt_for_download": False,
                # Several at once without a question.
                "profile.default_content_setting_values.automatic_downloads": 1,
                "safebrowsing.enabled": False,
            },
        )
        service = webdriver.ChromeService("/usr/bin/chromedriver")
        self.driver = webdriver.Chrome(options, service)
        self.driver.set_page_load_timeout(processes.PATIENCE)
        self.driver.set_script_timeout(processes.PATIENCE)

    def run(self, script: str, *arguments):
        """What an asynchronous function of this body returns, in the page that is open."""
        code = (
            "const given = [...arguments], done = given.pop();"
            f"(async () => {{{script}}})()"
            ".then(value => done({value}), error => done({error: String(error)}));"
        )
        answer = self.driver.execute_async_script(code, *arguments)
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def wait_until_saved(self, name: str) -> bytes:
        file = self.saved / name
        wait_until(f"{name} is saved", file.is_file)
        return file.read_bytes()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    chromium = Chromium(tmp_path_factory.mktemp("saved"))
    yield chromium
    chromium.driver.quit()


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_behind():
    yield
    processes.end_all()
