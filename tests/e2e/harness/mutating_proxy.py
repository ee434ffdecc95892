"""A reverse proxy that changes one thing of what passes: a service that breaks one promise."""

import contextlib
import http.client
import io
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def without(self, name: str) -> None:
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def set(self, name: str, value: str | None) -> None:
        """Replaces a header; None takes it away."""
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))


# Each changes what it is given and says whether it did.
ChangeRequest = Callable[[Request], bool]
ChangeAnswer = Callable[[Request, Answer], bool]


@dataclass
class Proxy:
    """Passes on what comes to `port`. One request for each connection."""

    upstream: tuple[str, int] | str
    changed: int = 0
    request: ChangeRequest | None = None
    answer: ChangeAnswer | None = None
    _listener: socket.socket = field(init=False)

    def __post_init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        # Wakes the thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as reader, self._connect() as server:
            request = _read_head(reader)
            if request is None:
                return
            if self.request is not None:
                self.changed += self.request(request)
            server.sendall(_head(f"{request.method} {request.target} HTTP/1.1", request.headers))
            # The answer may come before the body, or instead of it.
            threading.Thread(target=_forward, args=(reader, client, server), daemon=True).start()
            answer = _read_answer(server, request.method)
            if self.answer is not None:
                self.changed += self.answer(request, answer)
            # The client may have what it wants, and have left.
            with contextlib.suppress(OSError):
                client.sendall(_bytes(answer))
                # The end of an answer that does not tell its length.
                client.shutdown(socket.SHUT_WR)

    def _connect(self) -> socket.socket:
        if isinstance(self.upstream, str):
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.upstream)
            return server
        return socket.create_connection(self.upstream)


def _read_head(reader: io.BufferedReader) -> Request | None:
    line = reader.readline().decode("latin-1")
    if not line:
        return None
    method, target, _ = line.split()
    headers = []
    while line := reader.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    request = Request(method, target, headers)
    request.without("Connection")
    request.headers.append(("Connection", "close"))
    return request


def _forward(reader: io.BufferedReader, client: socket.socket, server: socket.socket) -> None:
    # Until one of both closes.
    with contextlib.suppress(OSError, ValueError):
        while part := reader.read1():
            server.sendall(part)


def _read_answer(server: socket.socket, method: str) -> Answer:
    response = http.client.HTTPResponse(server, method=method)
    response.begin()
    headers = [(n, v) for n, v in response.getheaders() if n.lower() != "transfer-encoding"]
    return Answer(response.status, headers, response.read())


def _bytes(answer: Answer) -> bytes:
    answer.set("Connection", "close")
    head = _head(f"HTTP/1.1 {answer.status} Mutated", answer.headers)
    return head + answer.body


def _head(first: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
