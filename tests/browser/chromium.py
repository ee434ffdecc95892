"""Debian's Chromium, without a window."""

import json
from dataclasses import dataclass
from pathlib import Path

from harness import processes
from harness.processes import wait_until
from selenium import webdriver


@dataclass(frozen=True)
class Request:
    """As the browser sent it, and what was answered."""

    method: str
    url: str
    headers: dict[str, str]
    status: int


class Chromium:
    """With what it saves in `saved`, and a profile of its own."""

    def __init__(self, saved: Path, arguments: tuple[str, ...] = (), log_network: bool = False):
        self.saved = saved
        self._asked: dict[str, dict] = {}
        self._answered: list[Request] = []
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
            "--window-size=1280,900",
            *arguments,
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
        if log_network:
            options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
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

    def requests(self) -> list[Request]:
        """All that were answered so far; of a browser that logs the network."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            given = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                self._asked[given["requestId"]] = given["request"]
            elif message["method"] == "Network.responseReceived":
                asked = self._asked.get(given["requestId"])
                if asked:
                    status = given["response"]["status"]
                    request = Request(asked["method"], asked["url"], asked["headers"], status)
                    self._answered.append(request)
        return self._answered
