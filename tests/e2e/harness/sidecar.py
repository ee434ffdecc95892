"""The sidecar under test."""

import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

from .paths import SIDECAR
from .ports import free_ports
from .processes import Process, wait_until
from .secrecy import secret, secret_token, secret_url


class Sidecar:
    def __init__(self, data: Path, public: int, ops: int, environment: dict[str, str]):
        self.config = data / "sidecar.toml"
        self.log = data / "logs" / "sidecar.log"
        self.public_url = f"http://localhost:{public}"
        self.ops_url = f"http://127.0.0.1:{ops}"
        # Where it is asked about logins, if not over a socket.
        self.hook_url = ""
        self._environment = environment
        self._process: Process | None = None

    def beside(self) -> "Sidecar":
        """Another one with the same configuration and the same store."""
        public, hook, ops = free_ports(3)
        listen = {"PUBLIC": public, "HOOK": hook, "OPS": ops}
        environment = {
            f"EJABBERD_SIDECAR__LISTEN__{name}": f"127.0.0.1:{port}"
            for name, port in listen.items()
        }
        other = Sidecar(self.config.parent, public, ops, self._environment | environment)
        other.log = self.log.with_name("another-sidecar.log")
        other.hook_url = f"http://127.0.0.1:{hook}"
        return other

    def start(self) -> None:
        command = [SIDECAR, "serve", "--config", self.config]
        self._process = Process(command, self.log, self._environment)
        self._process.wait_until("readiness", self._ready)

    def stop(self) -> int:
        return self._process.stop()

    def kill(self) -> None:
        self._process.kill()

    def hang_up(self) -> None:
        """Asks it to read its configuration again."""
        os.kill(self._process.pid, signal.SIGHUP)

    def reload(self) -> None:
        """The same, and waits until that counts."""
        since = self.log_length()
        self.hang_up()
        self.wait_for_log(" reloaded: ", since)

    def count(self, counter: str, outcome: str) -> int:
        """Of a counter, over all reasons."""
        metrics = urllib.request.urlopen(f"{self.ops_url}/metrics").read().decode()
        name = f"ejabberd_sidecar_{counter}_total"
        found = re.findall(rf'(?m)^{name}{{[^}}]*outcome="{outcome}"[^}}]*}} (\d+)$', metrics)
        return sum(map(int, found))

    def uploads_under_way(self) -> int:
        metrics = urllib.request.urlopen(f"{self.ops_url}/metrics").read().decode()
        return int(re.search(r"(?m)^ejabberd_sidecar_uploads_under_way (\d+)$", metrics)[1])

    def _ready(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.ops_url}/readyz").status == 200
        except OSError:
            return False

    def _say(self, *arguments: str) -> str:
        command = [SIDECAR, *arguments]
        return subprocess.check_output(command, text=True).strip()

    def mint(self, sub: str) -> str:
        config = str(self.config)
        return secret_token(self._say("token", "mint", "--config", config, "--sub", sub))

    def sign(self, user: str, name: str, size: int) -> str:
        config = ["--config", str(self.config)]
        whose = ["--user", user, "--size", str(size)]
        return secret_url(self._say("url", "sign", *config, *whose, name))

    def slot(self, user: str, name: str, size: int, *more: str) -> tuple[str, dict[str, str]]:
        """A slot of our own: where to PUT the file, and the headers to send along."""
        config = ["--config", str(self.config)]
        whose = ["--scheme", "bearer", "--user", user, "--size", str(size)]
        url, *lines = self._say("url", "sign", *config, *whose, *more, name).splitlines()
        headers = dict(line.split(": ", 1) for line in lines)
        if "Authorization" in headers:
            secret(headers["Authorization"].removeprefix("Bearer "))
        else:
            secret(url.split("/t/")[1].split("/")[0])
        return url, headers

    def wait_for_log(self, pattern: str, since: int) -> None:
        """Waits for a line after the first `since` characters of the log."""
        wait_until(
            f"{pattern} in the sidecar's log",
            lambda: re.search(pattern, self.log.read_text()[since:]) is not None,
            lambda: self.log.read_text()[since:],
        )

    def login(self, user: str, since: int) -> dict[str, str]:
        """What the log says of the only login of `user` after its first `since` characters."""
        self.wait_for_log(f'login.* user="{re.escape(user)}"', since)
        lines = self.log.read_text()[since:].splitlines()
        (line,) = [line for line in lines if f' user="{user}"' in line]
        return dict(re.findall(r'(\w+)="([^"]*)"', line))

    def log_length(self) -> int:
        return len(self.log.read_text())
