"""Converse.js, and what a person does with it."""

import base64
import json
import mimetypes
import subprocess
from pathlib import Path

from harness.ejabberd import Ejabberd
from harness.processes import wait_until
from selenium.webdriver.common.by import By

from chromium import Chromium
from website import Site

PAGE = """<!doctype html><html lang="en"><title>Converse.js</title><meta charset="utf-8">
<link rel="stylesheet" href="/dist/converse.min.css">
<script type="module" src="/dist/converse.min.js"></script>
<script type="module">converse.initialize(%s)</script>
<body class="converse-fullscreen"><div id="conversejs-bg"></div></body></html>"""

# The width and height of each picture of a chat that has loaded.
PICTURES = """
    return [...document.querySelectorAll("converse-chat-message img.chat-image")]
        .filter(image => image.complete && image.naturalWidth > 0)
        .map(image => [image.src, image.naturalWidth, image.naturalHeight]);
"""


def serve(site: Site, folder: Path, path: str, server: Ejabberd) -> str:
    """Gives the address of a page with Converse.js for that server; `folder` holds its files."""
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".map":
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            site.put(f"/dist/{file.relative_to(folder)}", file.read_bytes(), {"Content-Type": kind})
    settings = {
        "websocket_url": f"wss://localhost:{server.web_port}/ws",
        "discover_connection_methods": False,
        "assets_path": "/dist",
        "i18n": "en",
        "play_sounds": False,
    }
    return site.put(path, PAGE % json.dumps(settings))


def trust(certificate: Path) -> str:
    """Has Chromium take this certificate, and no other one that nobody vouches for."""
    key = f"openssl x509 -pubkey -noout -in '{certificate}' | openssl pkey -pubin -outform der"
    digest = subprocess.check_output(f"{key} | openssl dgst -sha256 -binary", shell=True)
    return f"--ignore-certificate-errors-spki-list={base64.b64encode(digest).decode()}"


class Converse(Chromium):
    """Somebody's browser."""

    def __init__(self, saved: Path, certificate: Path | None = None):
        arguments = (
            *([trust(certificate)] if certificate else []),
            # Its login form shows logos of its makers' site.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        )
        super().__init__(saved, arguments, log_network=True)

    def log_in(self, page: str, jid: str, password: str, peer: str) -> None:
        """By the form; then the chat with `peer` is open, and takes files."""
        self.driver.get(f"{page}#converse/chat?jid={peer}")
        submit = self._wait_for("#converse-login button[type=submit]")
        self.driver.find_element(By.NAME, "jid").send_keys(jid)
        self.driver.find_element(By.NAME, "password").send_keys(password)
        submit.click()
        self._file_input()

    def send_file(self, file: Path) -> None:
        self._file_input().send_keys(str(file))

    def wait_for_picture(self) -> tuple[str, int, int]:
        """Its address, width and height, once it is shown."""
        shown = []

        def some() -> bool:
            shown[:] = self.driver.execute_script(PICTURES)
            return bool(shown)

        wait_until("a picture is shown", some, self._said)
        (picture,) = shown
        return tuple(picture)

    def refused_by_its_policy(self) -> list[str]:
        """What the page's policy kept it from, as the browser says it."""
        log = [entry["message"] for entry in self.driver.get_log("browser")]
        return [each for each in log if "Content Security Policy" in each]

    def _file_input(self):
        """There is one as soon as Converse.js has found where to upload."""
        return self._wait_for("converse-chat-toolbar input.fileupload")

    def _wait_for(self, selector: str):
        def there() -> bool:
            return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

        wait_until(f"{selector} is there", there, self._said)
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def _said(self) -> str:
        log = [entry["message"] for entry in self.driver.get_log("browser")]
        return "\n".join([self.driver.find_element(By.TAG_NAME, "body").text, *log])
