"""`make up`, as a stranger runs it."""

import asyncio
import os
import re
import signal
import socket
import subprocess
from dataclasses import fields
from types import SimpleNamespace

import pytest

from harness.go_sendxmpp import go_sendxmpp
from harness.paths import ROOT
from harness.ports import Ports
from harness.processes import Process, alive, descendants, wait_until
from harness.secrecy import LOG_FOLDERS, secret, secret_token, secret_url
from harness.web import download
from harness.xmpp import RefusedError, logged_in

TCP_PORTS = [f"UP_{each.name.upper()}_PORT" for each in fields(Ports) if each.name != "stun"]


class MakeUp:
    """One run of it, with what it printed."""

    def __init__(self, data, output, ports):
        env = {"UP_DATA": str(data), "PROFILE": "dev"}
        env |= ports.variables()
        self._process = Process(["make", "up"], output, env, cwd=ROOT)
        self.pid = self._process.pid
        self.press_ctrl_c = self._process.press_ctrl_c
        self.stop = self._process.stop
        self.wait = self._process.wait
        self._begin = output.stat().st_size
        self._output = output

    def wait_until_ready(self) -> None:
        self._process.wait_until("ready", lambda: "Ctrl-C ends both." in self.printed())
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


@pytest.fixture
def place(tmp_path):
    data = tmp_path / "up data"
    return SimpleNamespace(data=data, output=tmp_path / "make-up.log", ports=Ports.free())


@pytest.fixture
def up(place):
    """Starts `make up`; whatever is left of it at the end of the test goes."""
    started = []

    def start(ready: bool = True) -> MakeUp:
        started.append(MakeUp(place.data, place.output, place.ports))
        if ready:
            started[-1].wait_until_ready()
            LOG_FOLDERS.add(place.data / "logs")
            for name in ("issuer", "upload", "turn", "component"):
                file = place.data / "secrets" / f"{name}.secret"
                assert file.stat().st_mode & 0o777 == 0o600
                secret(file.read_text().strip())
        return started[-1]

    yield start
    for run in started:
        run.stop()


def shell(command: str) -> bytes:
    return subprocess.check_output(["sh", "-c", command], timeout=60)


def everything_ended(pids) -> None:
    wait_until("all processes of make up end", lambda: not any(map(alive, pids)))


def test_what_it_prints_works_and_ctrl_c_ends_it(up, place, tmp_path):
    run = up()
    server = SimpleNamespace(
        port=place.ports.c2s, certificate=place.data / "certs" / "localhost.crt"
    )

    shell(run.upload)
    assert shell(run.download) == (place.data / "hello.txt").read_bytes()

    async def login(jid, token):
        async with logged_in(server, jid, token) as client:
            return client.boundjid.bare

    async def upload(jid, token):
        async with logged_in(server, jid, token) as client:
            return await client.upload("greeting.txt", b"hello from slixmpp")

    async def receive_upload(jid, token):
        async with logged_in(server, jid, token) as client:
            client.send_presence()
            alice = (server, "alice@localhost", run.token)
            await asyncio.to_thread(go_sendxmpp, tmp_path, *alice, "--http-upload", str(file), jid)
            return await asyncio.wait_for(client.inbox.get(), 30)

    file = tmp_path / "greeting.jpg"
    file.write_bytes(b"hello from go-sendxmpp")
    bob = secret_token(shell(run.another_token).decode().strip())
    assert download(asyncio.run(upload("alice@localhost", run.token))) == b"hello from slixmpp"
    message = asyncio.run(receive_upload("bob@localhost", bob))
    assert download(message["body"]) == b"hello from go-sendxmpp"
    with pytest.raises(RefusedError, match="not-authorized"):
        asyncio.run(login("bob@localhost", run.token))

    processes = descendants(run.pid)
    assert len(processes) >= 3, "up, the sidecar and ejabberd"
    run.press_ctrl_c()
    run.wait()
    everything_ended(processes)
    assert "error" not in run.printed()

    # Once more on the same data: the file is still there, SIGTERM ends it, too.
    again = up()
    assert shell(run.download) == (place.data / "hello.txt").read_bytes()
    assert asyncio.run(login("alice@localhost", run.token)) == "alice@localhost"
    processes = descendants(again.pid)
    again.stop()
    everything_ended(processes)


def test_each_port_has_a_default():
    """Here each run has ports of its own, and a stranger sets none."""
    script = (ROOT / "scripts" / "up").read_text()
    looked_at = re.findall(r"(?m)^free_port (\w+)", script)
    assert len(looked_at) >= len(TCP_PORTS)
    assert set(looked_at) == set(re.findall(r"\b(UP_\w+_PORT)=\$\{\1:-\d+\}", script))


def test_ctrl_c_ends_it_while_ejabberd_starts(up):
    """Erlang loses a signal in its first moments."""
    run = up(ready=False)
    wait_until("ejabberd starts", lambda: any("beam" in c for c in descendants(run.pid).values()))
    processes = descendants(run.pid)

    run.press_ctrl_c()

    run.wait()
    everything_ended(processes)


def test_a_secret_of_ones_own_needs_no_newline_but_has_to_be_there(up, place):
    up().stop()
    secret_file = place.data / "secrets" / "upload.secret"
    secret_file.write_text("\n" + secret("a-secret-of-my-own-0123456789"))
    run = up()
    shell(run.upload)
    run.stop()

    secret_file.write_text(" \n")
    run = up(ready=False)
    assert run.wait() != 0
    assert "upload.secret holds no secret" in run.printed()


@pytest.mark.parametrize(
    ("name", "command"),
    [("ejabberd-sidecar", "ejabberd-sidecar serve"), ("ejabberd", "beam.smp")],
)
def test_when_one_dies_it_says_so_and_ends_the_other(up, name, command):
    run = up()
    processes = descendants(run.pid)

    os.kill(run.pid_of(command), signal.SIGKILL)

    assert run.wait() != 0
    assert f"error: {name} ended by itself" in run.printed()
    everything_ended(processes)


def test_a_taken_udp_port_is_named(up, place):
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", place.ports.stun))
        run = up(ready=False)
        assert run.wait() != 0

    assert f"error: port {place.ports.stun}, for " in run.printed()
    assert "UP_STUN_PORT=" in run.printed()


@pytest.mark.parametrize("variable", TCP_PORTS)
def test_a_taken_port_is_named(up, place, variable):
    port = int(place.ports.variables()[variable])

    with socket.create_server(("127.0.0.1", port)):
        run = up(ready=False)
        assert run.wait() != 0

    assert f"error: port {port}, for " in run.printed()
    assert f"{variable}=" in run.printed()


def test_the_same_data_is_used_once(up, place):
    up()
    place.ports = Ports.free()

    second = up(ready=False)

    assert second.wait() != 0
    assert "is in use by another 'make up'" in second.printed()
