"""How the image's program finds the machines that its configuration names."""

import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from pair import IMAGE, podman, wait_until

CONTAINER = "sidecar-and-names"
NAMES = {"xmpp": "xmpp.example.org", "bucket": "s3.example.org"}


class NameServer:
    """Knows that every name is this machine's; or hears all and answers nothing."""

    def __init__(self, address: str, answers: bool):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.asked = threading.Event()
        self.answers = answers
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            question, client = self.socket.recvfrom(512)
            self.asked.set()
            if self.answers:
                self.socket.sendto(self.answer(question), client)

    @staticmethod
    def answer(question: bytes) -> bytes:
        """RFC 1035 §4: a header, the question, and its answer if it is for A."""
        end = question.index(b"\0", 12) + 5
        is_a = question[end - 4 : end - 2] == b"\0\1"
        counts = bytes([0, 1, 0, is_a, 0, 0, 0, 0])
        address = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if is_a else b""
        return question[:2] + b"\x81\x80" + counts + question[12:end] + address


def settings(ports: dict[str, int]) -> str:
    return f"""
[listen]
public = "127.0.0.1:0"
hook = "127.0.0.1:0"
ops = "127.0.0.1:0"

[upload]
public_url = "http://localhost/upload"
secrets_file = "upload"

[hosts."example.org"]

[[hosts."example.org".issuers]]
issuer = "test"
secret_file = "issuer"

[component]
jid = "upload.example.org"
server = "{NAMES["xmpp"]}:{ports["xmpp"]}"
secret_file = "component"

[store]
kind = "s3"
endpoint = "http://{NAMES["bucket"]}:{ports["bucket"]}"
region = "test"
bucket = "files"
path_style = true
access_key_id = "test"
secret_access_key_file = "s3-key"
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("upload", "issuer", "component", "s3-key"):
        (tmp_path / name).write_text(f"a secret of this test for {name}, long enough")
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.2\nnameserver 127.0.0.3\n")
    for each in tmp_path.iterdir():
        each.chmod(0o444)
    tmp_path.chmod(0o755)
    return tmp_path


def accepting(name: str, found: list) -> int:
    """The port at which whoever comes is noted under that name."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        listener.accept()
        found.append(name)

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


@contextmanager
def running(folder: Path, *network: str):
    """The service in that network; yields what reads its log."""
    mount = ("--volume", f"{folder}:/etc/ejabberd-sidecar:ro")
    command = (IMAGE, "serve", "--config", "/etc/ejabberd-sidecar/sidecar.toml")
    podman("run", "--detach", "--name", CONTAINER, "--network", *network, *mount, *command)
    try:
        yield lambda: podman("logs", CONTAINER, check=False)
    finally:
        podman("rm", "--force", "--time", "0", CONTAINER)


def test_where_the_first_name_server_is_silent_the_second_one_is_enough(folder):
    silent = NameServer("127.0.0.2", answers=False)
    other = NameServer("127.0.0.3", answers=True)
    found: list[str] = []
    ports = {each: accepting(each, found) for each in NAMES}
    (folder / "sidecar.toml").write_text(settings(ports))
    servers = ("--volume", f"{folder}/resolv.conf:/etc/resolv.conf:ro")
    with running(folder, "host", *servers) as log:
        wait_until("it reaches both", lambda: set(found) == set(NAMES), log)
    assert silent.asked.is_set()
    assert other.asked.is_set()


def test_a_name_without_an_address_is_told_as_that(folder):
    (folder / "sidecar.toml").write_text(settings({"xmpp": 5347, "bucket": 3900}))
    with running(folder, "none") as log:
        told = f"{NAMES['xmpp']}:5347 has no address"
        wait_until("it says so", lambda: told in log(), log)
        assert "compare component.server with what the name server knows" in log()
