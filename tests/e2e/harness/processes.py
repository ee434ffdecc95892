"""Programs that the tests start, and end by the pid they were started with."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# Bounds for what must come to an end; nothing is measured against them.
PATIENCE = 60

_STARTED: list["Process"] = []


class Process:
    """A program in a session of its own, with its output appended to a log."""

    def __init__(self, command: list, log: Path, env: dict | None = None, **options):
        self.name = Path(command[0]).name
        self.log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | (env or {}),
                start_new_session=True,
                # Tests in the background may have it ignored, and with them what they start.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                **options,
            )
        self.pid = self._popen.pid
        _STARTED.append(self)

    def wait_until(self, what: str, condition: Callable[[], bool]) -> None:
        def still_here() -> bool:
            if self._popen.poll() is not None:
                raise AssertionError(f"{self.name} ended before: {what}\n{self.tail()}")
            return condition()

        wait_until(f"{self.name}: {what}", still_here, self.tail)

    def wait(self) -> int:
        try:
            return self._popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            raise AssertionError(f"{self.name} did not end\n{self.tail()}") from None

    def stop(self) -> int:
        """Asks it to end, and gives its exit code."""
        if self._popen.poll() is None:
            self._popen.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """What a power cut does: nothing is put in order."""
        self._popen.kill()
        self.wait()

    def press_ctrl_c(self) -> None:
        """What a terminal does: the whole foreground group gets SIGINT."""
        os.killpg(self.pid, signal.SIGINT)

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])


def end_all() -> None:
    for process in reversed(_STARTED):
        process.stop()


def wait_until(what: str, condition: Callable[[], bool], explain: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what}\n{explain()}")
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> dict[int, str]:
    """Pid and command line of every process below this one."""
    children: dict[int, dict[int, str]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            command = (process / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
        children.setdefault(parent, {})[int(process.name)] = command
    found: dict[int, str] = {}
    pending = [pid]
    while pending:
        below = children.get(pending.pop(), {})
        found |= below
        pending += below
    return found
