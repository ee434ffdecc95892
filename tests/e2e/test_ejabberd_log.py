"""Stock ejabberd starts cleanly with ejabberd-config/, whichever of its parts are taken."""

import json
import re
import socket

import pytest

from harness import ejabberd_api, raw_xmpp
from harness.ejabberd import NEWEST
from harness.server import Server

# With the reason why our configuration can't avoid it.
UNAVOIDABLE = {
    "a database is the operator's to choose": r"Mnesia backend for mod_mam is not recommended",
    "that of make up": r"Invalid certificate in .*localhost\.crt: at line 1: self-signed",
}
if NEWEST:
    UNAVOIDABLE |= {
        "said by each ejabberd without ImageMagick": r"captcha_cmd is not configured",
        "on reload: it takes the patterns of force_node_config for new ones": (
            r"Module mod_pubsub doesn't support reloading and will be restarted"
        ),
    }

ALL_PARTS = None
FEWEST_PARTS = ["no-federation.yml"]


@pytest.fixture
def fresh(tmp_path, request):
    """One whose log is its own, with the parts that are asked for beside the clients' listeners."""
    server = Server(tmp_path / "data", stored_in=tmp_path / "data" / "store")
    if request.param is not ALL_PARTS:
        parts = server.ejabberd.config.with_name("parts.yml")
        (clients,) = re.findall(r"clients-[0-9.]+yml", parts.read_text())
        parts.write_text(f"include_config_file: {json.dumps([clients, *request.param])}\n")
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize("fresh", [ALL_PARTS, FEWEST_PARTS], ids=["all", "fewest"], indirect=True)
def test_the_log_holds_nothing_that_could_be_avoided(fresh):
    token = fresh.sidecar.mint("alice@localhost")
    assert raw_xmpp.login(fresh.ejabberd, "alice", token).jid == "alice@localhost"
    assert ejabberd_api.call(fresh.ejabberd, "reload_config") == (200, 0)
    assert raw_xmpp.login(fresh.ejabberd, "alice", token).jid == "alice@localhost"
    console = fresh.ejabberd.log.with_name("ejabberd-console.log")
    assert console.read_text() == ""
    assert fresh.stop() == (0, 0)

    entries = re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", fresh.ejabberd.log.read_text())
    unasked = [e for e in entries if re.search(r"\[(warning|error|critical|alert|emergency)\]", e)]
    reasons = {
        why: [e for e in unasked if re.search(pattern, e)] for why, pattern in UNAVOIDABLE.items()
    }

    assert "[info]" in entries[1], "the log is read"
    assert [e for e in unasked if not any(e in told for told in reasons.values())] == []
    assert all(reasons.values()), f"no longer unavoidable: {reasons}"


@pytest.mark.parametrize("fresh", [FEWEST_PARTS], ids=["fewest"], indirect=True)
def test_what_is_left_out_is_closed(fresh):
    closed = [fresh.ejabberd.web_port, fresh.ejabberd.s2s_port]

    for port in closed:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
    assert not receives_udp(fresh.ejabberd.stun_port)


def receives_udp(port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
