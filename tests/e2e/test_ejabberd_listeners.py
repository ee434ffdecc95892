"""The listeners of ejabberd-config/: what each speaks, and what it keeps to itself."""

import asyncio
import http.client
import json
import os
import socket
import ssl
import struct
from xml.etree import ElementTree

import pytest

from harness import raw_xmpp, web_xmpp
from harness.ejabberd_api import call
from harness.processes import wait_until
from harness.xmpp import logged_in


@pytest.mark.parametrize("name", ["alice", "jörg"])
def test_logins_over_tls_from_the_first_byte_and_websocket(on_disk, name):
    token = on_disk.sidecar.mint(f"{name}@localhost")

    direct = raw_xmpp.login_over_direct_tls(on_disk.ejabberd, name, token)
    web = asyncio.run(web_xmpp.login(on_disk.ejabberd, name, token))

    assert direct.jid == web == f"{name}@localhost"
    assert asyncio.run(web_xmpp.login(on_disk.ejabberd, "bob", token)) is None


def test_a_login_without_tls_is_not_offered(on_disk):
    with socket.create_connection(("127.0.0.1", on_disk.ejabberd.port), 30) as plain:
        plain.sendall(raw_xmpp.OPENING)
        features = read_until(plain, b"</stream:features>")

    assert b"<required" in features
    assert b"PLAIN" not in features


def test_other_servers_have_to_speak_tls(on_disk):
    opening = raw_xmpp.OPENING.replace(b"jabber:client", b"jabber:server")
    opening = opening.replace(b"to='localhost'", b"to='localhost' from='elsewhere.example'")
    with socket.create_connection(("127.0.0.1", on_disk.ejabberd.s2s_port), 30) as plain:
        plain.sendall(opening)
        features = read_until(plain, b"</stream:features>")

    assert b"urn:ietf:params:xml:ns:xmpp-tls" in features
    assert b"<required" in features
    assert b"dialback" not in features.partition(b"<stream:features>")[2]


def read_until(stream, end: bytes) -> bytes:
    data = b""
    while end not in data:
        more = stream.recv(65536)
        assert more, data
        data += more
    return data


def test_web_clients_find_their_addresses_and_nothing_else(on_disk):
    server = on_disk.ejabberd
    meta = web_get(server, "/.well-known/host-meta.json")
    links = {link["rel"]: link["href"] for link in json.loads(meta.body)["links"]}
    assert links == {
        "urn:xmpp:alt-connections:websocket": f"wss://localhost:{server.web_port}/ws",
        "urn:xmpp:alt-connections:xbosh": f"https://localhost:{server.web_port}/bosh",
    }
    assert meta.getheader("X-Content-Type-Options") == "nosniff"
    assert meta.getheader("Content-Security-Policy").startswith("default-src 'none'")
    assert meta.getheader("Strict-Transport-Security")
    assert meta.getheader("Access-Control-Allow-Origin") == "*", "web clients are elsewhere"

    for path in ("/api/v0/status", "/api/status", "/admin/", "/register/", "/upload/x", "/oauth"):
        assert web_get(server, path).status == 404, path


def test_bosh_takes_no_password_that_ejabberd_could_not_hand_on(on_disk):
    """extauth frames end at 65535 bytes: what is longer would end ejabberd's processes."""
    begin = (
        "<body xmlns='http://jabber.org/protocol/httpbind' to='localhost' rid='1' wait='1' hold='1'"
        " ver='1.6' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'>%s</body>"
    )

    small, large = (
        web_request(on_disk.ejabberd, "POST", "/bosh", begin % ("x" * size)) for size in (0, 65_536)
    )

    assert (small.status, large.status) == (200, 403)


def web_get(server, path):
    return web_request(server, "GET", path)


def web_request(server, method, path, body=None):
    trust = ssl.create_default_context(cafile=str(server.certificate))
    connection = http.client.HTTPSConnection(
        "localhost", server.web_port, timeout=30, context=trust
    )
    connection.request(method, path, body)
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


def test_the_api_answers_this_machine_alone_and_in_one_version(on_disk):
    assert call(on_disk.ejabberd, "connected_users_number")[0] == 200
    assert call(on_disk.ejabberd, "connected_users_number", source="127.0.0.2")[0] == 403
    assert call(on_disk.ejabberd, "connected_users_number", root="/api")[0] == 404
    assert call(on_disk.ejabberd, "", root="/admin")[0] == 404


MAGIC = 0x2112A442
CALLS = "urn:xmpp:extdisco:2"


async def services_for_calls(server) -> list[dict]:
    token = server.sidecar.mint("alice@localhost")
    async with logged_in(server.ejabberd, "alice@localhost", token) as alice:
        question = alice.make_iq_get(ito="localhost")
        question.append(ElementTree.Element(f"{{{CALLS}}}services"))
        answer = await question.send(timeout=30)
    return [dict(e.attrib) for e in answer.xml.iter(f"{{{CALLS}}}service")]


def test_calls_get_an_address_and_credentials(on_disk):
    stun = ("127.0.0.1", on_disk.ejabberd.stun_port)
    transaction = os.urandom(12)
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.settimeout(5)
        answers = []

        def asked() -> bool:
            probe.sendto(struct.pack("!HHI", 1, 0, MAGIC) + transaction, stun)
            try:
                answers.append(probe.recv(2000))
            except TimeoutError:
                return False
            return True

        wait_until("a STUN answer", asked)
    kind, _, magic = struct.unpack("!HHI", answers[0][:8])
    assert (kind, magic, answers[0][8:20]) == (0x0101, MAGIC, transaction)

    services = asyncio.run(services_for_calls(on_disk))
    turn = [s for s in services if s["type"] == "turn"]
    assert [(s["host"], int(s["port"]), s["transport"]) for s in turn] == [(*stun, "udp")]
    assert turn[0]["username"]
    assert turn[0]["password"]
    assert turn[0]["expires"]
