"""Stock ejabberd: Debian's, or with EJABBERD=newest in the environment the newest one."""

import os
from pathlib import Path

from .paths import SCRIPTS
from .ports import Ports
from .processes import Process
from .streams import speaks_xmpp

# Which is it? Some answers differ.
NEWEST = os.environ.get("EJABBERD") == "newest"


class Ejabberd:
    def __init__(self, data: Path, ports: Ports):
        self.port = ports.c2s
        self.tls_port = ports.c2s_tls
        self.s2s_port = ports.s2s
        self.web_port = ports.http
        self.stun_port = ports.stun
        self.api_url = f"http://127.0.0.1:{ports.api}/api/v0"
        self.log = data / "logs" / "ejabberd.log"
        self.certificate = data / "certs" / "localhost.crt"
        self.config = data / "ejabberd" / "ejabberd.yml"
        self._data = data
        self._process: Process | None = None

    def let_clients_hurry(self) -> None:
        """Before it starts: nobody is held up for sending much."""
        slow = "normal: {rate: 3000, burst_size: 20000}"
        config = self.config.read_text()
        assert slow in config
        fast = "normal: {rate: 1000000000, burst_size: 1000000000}"
        self.config.write_text(config.replace(slow, fast))

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
        return speaks_xmpp(self.port)
