"""A web site on an origin of its own: it remembers what was asked of it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness.processes import wait_until


class Site:
    def __init__(self):
        self._pages: dict[str, tuple[dict[str, str], bytes]] = {}
        self._asked: list[str] = []
        self._origins: dict[str, str | None] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site._answer(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, path: str, body: bytes | str, headers: dict[str, str] | None = None) -> str:
        """Gives its address."""
        body = body.encode() if isinstance(body, str) else body
        self._pages[path] = ({"Content-Type": "text/html"} | (headers or {}), body)
        return self.url + path

    def beacon(self, name: str) -> str:
        """An address that only a script asks for which runs."""
        return f"{self.url}/beacon/{name}"

    def was_hit(self, name: str) -> bool:
        return f"/beacon/{name}" in self._asked

    def wait_for(self, path: str) -> None:
        wait_until(f"{path} is asked for", lambda: path in self._asked)

    def origin_at(self, path: str) -> str | None:
        """What the last request for it said of where it came from."""
        self.wait_for(path)
        return self._origins[path]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path, _, _ = request.path.partition("?")
        headers, body = self._pages.get(path, ({}, b""))
        request.send_response(200 if headers or path.startswith("/beacon/") else 404)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Cache-Control", "no-store")
        request.end_headers()
        request.wfile.write(body)
        self._origins[path] = request.headers["Origin"]
        self._asked.append(path)
