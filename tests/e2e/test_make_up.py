"""`make up`, as a stranger runs it."""

import asyncio
import os
import re
import signal
import socket
from dataclasses import fields

import pytest

from harness import uploads
from harness.make_up import Place, everything_ended, shell
from harness.paths import ROOT
from harness.ports import Ports
from harness.processes import descendants, wait_until
from harness.secrecy import secret, secret_token
from harness.web import download
from harness.xmpp import RefusedError, logged_in

TCP_PORTS = [f"UP_{each.name.upper()}_PORT" for each in fields(Ports) if each.name != "stun"]


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def up(place):
    """Starts `make up`; whatever is left of it at the end of the test goes."""
    return place.start


def test_what_it_prints_works_and_ctrl_c_ends_it(up, place, tmp_path):
    run = up()
    server = place.server
    alice = ("alice@localhost", run.token)
    bob = ("bob@localhost", secret_token(shell(run.another_token).decode().strip()))

    shell(run.upload)
    assert shell(run.download) == (place.data / "hello.txt").read_bytes()

    async def login(jid, token):
        async with logged_in(server, jid, token) as client:
            return client.boundjid.bare

    url = uploads.by_slixmpp(server, alice, "greeting.txt", b"hello from slixmpp")
    assert download(url) == b"hello from slixmpp"
    url = uploads.by_go_sendxmpp(server, tmp_path, alice, bob, b"hello from go-sendxmpp")
    assert download(url) == b"hello from go-sendxmpp"
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
    looked_at = re.findall(r"(?m)^ *free_port (\w+)", script)
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


def test_an_unknown_store_is_named(up):
    run = up("STORE=tape", ready=False)

    assert run.wait() != 0
    assert "error: STORE is disk or s3, and not tape" in run.printed()


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
