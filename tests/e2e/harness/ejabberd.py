"""Stock ejabberd, as Debian ships it."""

import socket
from pathlib import Path

from .paths import SCRIPTS
from .processes import Process

STREAM = (
    b"<stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)


class Ejabberd:
    def __init__(self, data: Path, port: int):
        self.port = port
        self.certificate = data / "certs" / "localhost.crt"
        self.config = data / "ejabberd" / "ejabberd.yml"
        self._data = data
        self._process: Process | None = None

    def start(self) -> None:
        log = self._data / "logs" / "ejabberd-console.log"
        self._process = Process([SCRIPTS / "run-ejabberd", self._data], log)
        self._process.wait_until("the XMPP port answers", self._ready)

    def stop(self) -> int:
        return self._process.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                s.sendall(STREAM)
                return b"<stream:stream" in s.recv(200)
        except OSError:
            return False
