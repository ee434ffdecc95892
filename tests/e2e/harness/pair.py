"""Two sidecars on one bucket of Garage behind nginx, and ejabberd, whose logins and slots both of
them answer."""

import json
import os
import ssl
import uuid
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest

from . import component, stores, tokens, web
from .nginx import Nginx
from .ports import free_ports
from .secrecy import secret_url
from .server import Server

MAX_SIZE = 10_000_000
# More than what other tests begin at once.
QUOTA = 150_000_000
SETTINGS = {
    "EJABBERD_SIDECAR__UPLOAD__MAX_SIZE": f"{MAX_SIZE}B",
    "EJABBERD_SIDECAR__UPLOAD__QUOTA_PER_USER": f"{QUOTA}B",
    "EJABBERD_SIDECAR__AUTH__PROVISIONING": "true",
    "EJABBERD_SIDECAR__LISTEN__TRUSTED_PROXIES": "127.0.0.1",
}


class Pair:
    def __init__(self, data: Path):
        tls, hook = free_ports(2)
        # Clients reach nginx, and nginx has a certificate.
        self.url = f"https://localhost:{tls}"
        public = {"EJABBERD_SIDECAR__UPLOAD__PUBLIC_URL": f"{self.url}/upload/@HOST@"}
        stored_in, settings = stores.of_environment(data)
        settings |= {"UP_SLOTS": "component"}
        # What ejabberd takes for the sidecar's hook is nginx's.
        first = {"EJABBERD_SIDECAR__LISTEN__HOOK": f"127.0.0.1:{hook}"}
        self.server = Server(data, stored_in, SETTINGS | public | first, **settings)
        self.bucket = stored_in
        one = self.server.sidecar
        one.hook_url = f"http://127.0.0.1:{hook}"
        self.sidecars = [one, one.beside()]
        self.nginx = Nginx(data / "nginx", self._replaced(data, tls))
        self._tls = tls

    def _replaced(self, data: Path, tls: int) -> dict[str, str]:
        def address(url: str) -> str:
            return f"127.0.0.1:{url.rpartition(':')[2]}"

        return {
            "listen 443 ssl": f"listen 127.0.0.1:{tls} ssl",
            "    listen [::]:443 ssl;\n": "",
            "upload.example.org;": "localhost;",
            "/etc/ssl/upload.example.org.crt": f"{data}/certs/localhost.crt",
            "/etc/ssl/upload.example.org.key": f"{data}/certs/localhost.key",
            "127.0.0.1:8079": address(self.server.hook_url),
            "127.0.0.1:8080": address(self.sidecars[0].public_url),
            "127.0.0.1:8090": address(self.sidecars[1].public_url),
            "127.0.0.1:8081": address(self.sidecars[0].hook_url),
            "127.0.0.1:8091": address(self.sidecars[1].hook_url),
        }

    def start(self) -> None:
        for sidecar in self.sidecars:
            sidecar.start()
        self.nginx.start(self._tls)
        self.server.ejabberd.start()
        for sidecar in self.sidecars:
            component.connected(sidecar)

    def stop(self) -> list[int]:
        """The exit codes of all."""
        ends = [self.server.ejabberd, self.nginx, *self.sidecars]
        return [each.stop() for each in ends]

    def user(self, name: str) -> tuple[str, str]:
        """A JID, and a token to log in with."""
        return f"{name}@localhost", self.server.sidecar.mint(f"{name}@localhost")

    def ask(self, at: int, question: str, **fields: str) -> tuple[int, bytes]:
        """What one of the hooks answers."""
        body = urlencode(fields | {"server": "localhost"}).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = web.request("POST", f"{self.sidecars[at].hook_url}/{question}", body, form)
        return answer.status, answer.body

    def exists(self, at: int, user: str) -> bool:
        return self.ask(at, "user_exists", user=user) == (200, b"true")

    def api(self, at: int, token: str, method: str, path: str, wish: dict | None = None):
        headers = {"Authorization": f"Bearer {token}"}
        body = None
        if wish is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(wish).encode()
        url = f"{self.sidecars[at].public_url}/api/v1/{path}"
        return web.request(method, url, body, headers)

    def slot(self, user: str, size: int) -> str:
        """Where nginx takes a file."""
        path = f"{tokens.user_folder(f'{user}@localhost')}/{uuid.uuid4()}/file.bin"
        mac = tokens.upload_mac(self.server.upload_secret, path, size)
        return secret_url(f"{self.url}/upload/localhost/{path}?v={mac}")

    def at(self, which: int, url: str) -> str:
        """The same place at one of the sidecars."""
        return self.sidecars[which].public_url + url.removeprefix(self.url)

    def put_from(self, source: str, url: str, body: bytes) -> int:
        """Through nginx, from another address of this machine: its status."""
        connection = self._connect(source)
        connection.request("PUT", url.removeprefix(self.url), body)
        return connection.getresponse().status

    def begin(self, user: str, size: int) -> "HalfUpload":
        """Through nginx."""
        return HalfUpload(self._connect("127.0.0.1"), self.slot(user, size), os.urandom(size))

    def _connect(self, source: str) -> HTTPSConnection:
        trust = ssl.create_default_context(cafile=str(self.server.ejabberd.certificate))
        return HTTPSConnection(
            "localhost", self._tls, timeout=60, source_address=(source, 0), context=trust
        )

    def upload(self, user: str, size: int) -> tuple[str, bytes]:
        """Through nginx: where it is then, and what."""
        content, url = os.urandom(size), self.slot(user, size)
        assert web.put(url, content).status == 201
        return url.partition("?")[0], content

    @contextmanager
    def trusted(self):
        """This process and its children trust nginx's certificate, and no other one."""
        certificate = self.server.ejabberd.certificate
        # slixmpp uploads by aiohttp, which asks the environment only when it is loaded.
        aiohttp.connector._SSL_CONTEXT_VERIFIED.load_verify_locations(certificate)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("SSL_CERT_FILE", str(certificate))
            yield


class HalfUpload:
    """A client that has sent the first half of its file."""

    def __init__(self, connection: HTTPSConnection, slot: str, content: bytes):
        self.url, self.content = slot.partition("?")[0], content
        self._connection = connection
        target = urlsplit(slot)
        connection.putrequest("PUT", f"{target.path}?{target.query}")
        connection.putheader("Content-Type", "application/octet-stream")
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content[: len(content) // 2])

    def finish(self) -> int | None:
        """The status, or None where the connection ended without one."""
        with suppress(OSError):
            # A refusal may have come already.
            self._connection.send(self.content[len(self.content) // 2 :])
        try:
            return self._connection.getresponse().status
        except (OSError, HTTPException):
            return None
