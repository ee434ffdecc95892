"""`make up`, as a stranger runs it."""

import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

from .paths import ROOT
from .ports import Ports, free_ports
from .processes import Process, alive, descendants, wait_until
from .secrecy import LOG_FOLDERS, secret, secret_token, secret_url


class MakeUp:
    """One run of it, with what it printed."""

    def __init__(self, output: Path, arguments: list[str], env: dict[str, str]):
        self._process = Process(["make", "up", *arguments], output, env, cwd=ROOT)
        self.pid = self._process.pid
        self.press_ctrl_c = self._process.press_ctrl_c
        self.stop = self._process.stop
        self.wait = self._process.wait
        self._begin = output.stat().st_size
        self._output = output

    def wait_until_ready(self) -> None:
        self._process.wait_until("ready", lambda: "Ctrl-C ends all." in self.printed())
        self.token = secret_token(self._find(r"password +(\S+)"))
        self.upload = self._find(r"(?m)^ +(curl .* -T .*)$")
        secret_url(re.search(r"http://[^']+", self.upload).group())
        self.download = self._find(r"Download it:\n +(curl .*)")
        self.another_token = self._find(r"Another token:\n +(.*)")

    def printed(self) -> str:
        return self._output.read_text()[self._begin :]

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self.printed())
        assert found, f"{pattern} is not in:\n{self.printed()}"
        return found[1]

    def pid_of(self, command: str) -> int:
        (pid,) = [pid for pid, line in descendants(self.pid).items() if command in line]
        return pid


class Place:
    """A folder for it, and ports of its own."""

    def __init__(self, folder: Path):
        self.data = folder / "up data"
        self.ports = Ports.free()
        self.s3_ports = free_ports(2)
        self._output = folder / "make-up.log"
        self._started: list[MakeUp] = []

    @property
    def server(self) -> SimpleNamespace:
        """Its ejabberd, as clients know it."""
        certificate = self.data / "certs" / "localhost.crt"
        return SimpleNamespace(port=self.ports.c2s, certificate=certificate)

    def start(self, *arguments: str, ready: bool = True) -> MakeUp:
        """With these arguments to make."""
        env = {"UP_DATA": str(self.data), "PROFILE": "dev"} | self.ports.variables()
        s3, rpc = map(str, self.s3_ports)
        env |= {"UP_S3_PORT": s3, "UP_S3_RPC_PORT": rpc}
        run = MakeUp(self._output, list(arguments), env)
        self._started.append(run)
        if ready:
            run.wait_until_ready()
            LOG_FOLDERS.add(self.data / "logs")
            for name in ("issuer", "upload", "turn", "component", "s3"):
                file = self.data / "secrets" / f"{name}.secret"
                assert file.stat().st_mode & 0o777 == 0o600
                secret(file.read_text().strip())
        return run

    def stop(self) -> None:
        """Whatever is left of it."""
        for run in self._started:
            run.stop()


def shell(command: str) -> bytes:
    return subprocess.check_output(["sh", "-c", command], timeout=60)


def everything_ended(pids) -> None:
    wait_until("all processes of make up end", lambda: not any(map(alive, pids)))
