"""The commands of docs/compose.md, as they stand there, by a `docker` that is podman. The tests
follow on each other: what the first one brings into being is there to the last."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

import pytest

from client import fetched, lets_in, said, uploaded
from composition import ROOT
from pair import Pair, wait_until

PAGE = (ROOT / "docs/compose.md").read_text()
KEPT = b"Kept through all of it."
ARCHIVED = "select count(*) from archive where txt = 'to be kept'"


def commands(section: str) -> list[str]:
    """The blocks of that section."""
    (text,) = re.findall(rf"^## {section}\n(.*?)^## ", PAGE, re.M | re.S)
    return re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)


class Machine(Pair):
    """Somebody's, with a folder in which he has the compose file and .env."""

    def __init__(self, folder: Path):
        super().__init__("23.01", folder, name="ejabberd-sidecar")
        # Which of them, .env says.
        text = self.file.read_text()
        image = "${EJABBERD_IMAGE:-ghcr.io/processone/ejabberd:26.07}"
        self.file.write_text(text.replace("ghcr.io/processone/ejabberd:23.01", image))
        self.folder = folder

    def choose(self, version: str) -> None:
        image = f"ghcr.io/processone/ejabberd:{version}"
        lines = (f"EJABBERD_VERSION={version}", f"EJABBERD_IMAGE={image}", "")
        (self.folder / ".env").write_text("\n".join(lines))

    def run(self, block: str) -> None:
        path = f"{ROOT / 'tests/compose/bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.folder,
            env=os.environ | {"PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"

    def certificate(self) -> str:
        copy = self.folder / "tls.crt"
        copy.write_text((self.volume("sidecar-settings") / "tls.crt").read_text())
        return str(copy)


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("machine"))
    machine.remove()
    machine.choose("23.01")
    machine.run("docker compose up -d")
    machine.wait_until_ready()
    yield machine
    machine.remove()


@pytest.fixture(scope="module")
def before(machine) -> dict[str, str]:
    """A file's address and a token of before anything happens; a message is in both archives."""
    certificate = machine.certificate()
    said(machine, certificate, "to be kept")
    return {"url": uploaded(machine, certificate, KEPT), "token": machine.token("alice")}


def assert_all_is_there(machine, before) -> None:
    machine.wait_until_ready()
    assert fetched(before["url"]) == KEPT
    assert machine.sql(ARCHIVED) == "2"
    certificate = machine.certificate()
    assert asyncio.run(lets_in("alice", before["token"], certificate))
    assert fetched(uploaded(machine, certificate, b"more")) == b"more"


def test_what_was_backed_up_is_there_after_a_restore(machine, before):
    backup, restore = commands("Back up")
    machine.run(backup)
    assert_all_is_there(machine, before)
    secrets = machine.secrets()

    machine.remove()
    machine.run(restore)

    assert_all_is_there(machine, before)
    assert machine.secrets() == secrets


def test_new_secrets(machine, before):
    old = machine.secrets()
    for block in commands("New secrets"):
        machine.run(block)
    new = machine.secrets()
    assert {name for name in old if old[name] != new[name]} == {"component", "sql"}
    assert_all_is_there(machine, before)


def test_an_upgrade_of_ejabberd_keeps_what_there_is(machine, before):
    (upgrade,) = commands("Upgrade")
    machine.choose("26.07")
    machine.run(upgrade)
    assert_all_is_there(machine, before)
    assert "26.07" in machine.inspected("ejabberd")["ImageName"]
    # The older version's archive has no place for what the newer one writes.
    certificate = machine.certificate()
    assert said(machine, certificate, "after the upgrade") == "after the upgrade"
    query = "select count(*) from archive where txt = 'after the upgrade'"
    wait_until("both archives have it", lambda: machine.sql(query) == "2", machine.all_logs)
