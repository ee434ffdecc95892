"""The compose file under podman-compose, within scripts/in-containers."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import yaml

from composition import runnable

# The sidecar's.
IMAGE = "ejabberd-sidecar:latest"
PATIENCE = 150
SUBNETS = {"pair": "10.214.81.0/24", "web": "10.214.82.0/24"}
# Of this machine in its namespace, where no other one is: as far as the world is concerned.
PUBLIC_ADDRESS = "203.0.113.7"


def podman(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True)
    assert not check or done.returncode == 0, f"podman {arguments}: {done.stdout}{done.stderr}"
    return done.stdout + ("" if check else done.stderr)


def wait_until(what: str, condition, told=lambda: "") -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}\n{told()}"
        time.sleep(1)


class Pair:
    """One project: its containers, networks and volumes."""

    def __init__(self, version: str, folder: Path, name: str | None = None):
        self.version = version
        self.name = name or f"pair{version.replace('.', '')}"
        self.file = folder / "docker-compose.yml"
        whole = runnable()
        whole["services"]["ejabberd"]["image"] = f"ghcr.io/processone/ejabberd:{version}"
        self.file.write_text(yaml.safe_dump(whole))
        self.services = list(whole["services"])

    def compose(self, *arguments: str) -> str:
        done = subprocess.run(
            ["podman-compose", "-p", self.name, "-f", self.file, *arguments],
            capture_output=True,
            text=True,
            env=os.environ
            | {
                "EJABBERD_VERSION": self.version,
                "LISTEN": "0.0.0.0",
                "TURN_IP": PUBLIC_ADDRESS,
            },
        )
        return done.stdout + done.stderr

    def create(self) -> None:
        """The containers, none of which runs. podman-compose knows no subnets."""
        self.remove()
        for name, subnet in SUBNETS.items():
            network = f"{self.name}_{name}"
            podman("network", "create", "--internal", "--subnet", subnet, network)
        printed = self.compose("up", "--no-start")
        missing = [each for each in self.services if not self.exists(each)]
        assert not missing, f"{missing}\n{printed}"

    def remove(self) -> None:
        """All there is: the store is the tests' own, and an earlier run may have been cut short."""
        podman("rm", "--all", "--force", "--time", "5", check=False)
        podman("volume", "prune", "--force", check=False)
        podman("network", "prune", "--force", check=False)

    def container(self, service: str) -> str:
        return f"{self.name}_{service}_1"

    def exists(self, service: str) -> bool:
        return "true" in podman(
            "container", "inspect", "--format", "true", self.container(service), check=False
        )

    def start(self, *services: str) -> None:
        for service in services:
            podman("start", self.container(service))

    def stop(self, *services: str) -> None:
        for service in services:
            podman("stop", "-t", "90", self.container(service))

    def state(self, service: str) -> dict:
        return self.inspected(service)["State"]

    def inspected(self, service: str) -> dict:
        return json.loads(podman("container", "inspect", self.container(service)))[0]

    def processes(self, service: str) -> str:
        return podman("top", self.container(service), "args")

    def pids_of(self, command: str) -> list[int]:
        """In ejabberd's container, as numbers out here."""
        lines = podman("top", self.container("ejabberd"), "hpid", "args").splitlines()
        return [int(line.split()[0]) for line in lines if command in line]

    def logs(self, service: str) -> str:
        done = subprocess.run(
            ["podman", "logs", self.container(service)], capture_output=True, text=True
        )
        return done.stdout + done.stderr

    def all_logs(self) -> str:
        return "\n".join(f"── {each}\n{self.logs(each)[-1500:]}" for each in self.services)

    def exec(self, service: str, *command: str, check: bool = True) -> str:
        return podman("exec", self.container(service), *command, check=check)

    def succeeds(self, service: str, *command: str) -> bool:
        done = subprocess.run(
            ["podman", "exec", self.container(service), *command], capture_output=True
        )
        return done.returncode == 0

    def reaches(self, service: str, url: str) -> bool:
        """Whether an address answers well from where a service is. Its image may have no client."""
        inside = ("nsenter", "--target", str(self.state(service)["Pid"]), "--net")
        asked = ("curl", "-fs", "--noproxy", "*", "--max-time", "20", "-o", "/dev/null", url)
        return subprocess.run([*inside, *asked], capture_output=True).returncode == 0

    def sidecar(self, *command: str) -> str:
        settings = ("--config", "/etc/ejabberd-sidecar/sidecar.toml")
        return self.exec(
            "sidecar", "/ejabberd-sidecar", *command[:2], *settings, *command[2:]
        ).strip()

    def token(self, user: str) -> str:
        return self.sidecar("token", "mint", "--sub", f"{user}@localhost", "--ttl", "1h")

    def volume(self, name: str) -> Path:
        return Path(
            podman(
                "volume", "inspect", "--format", "{{.Mountpoint}}", f"{self.name}_{name}"
            ).strip()
        )

    def address(self, service: str, network: str) -> str:
        networks = self.inspected(service)["NetworkSettings"]["Networks"]
        return networks[f"{self.name}_{network}"]["IPAddress"]

    def takes_connections(self, service: str, network: str, port: int) -> bool:
        try:
            socket.create_connection((self.address(service, network), port), 5).close()
        except OSError:
            return False
        return True

    def crash(self, service: str) -> None:
        """Its first process ends as if the kernel had ended it: nobody asked for it."""
        before = self.state(service)
        os.kill(before["Pid"], signal.SIGKILL)
        wait_until(
            f"{service} is started again",
            lambda: (
                self.state(service)["Status"] == "running"
                and self.state(service)["StartedAt"] != before["StartedAt"]
            ),
            self.all_logs,
        )

    def ready(self) -> bool:
        """What /readyz says of the store is some seconds old, so that is asked itself."""
        if not (self.healthy() and self.takes_connections("s3", "bucket", 3900)):
            return False
        told = self.readyz()
        return "component: connected" in told and "store: up" in told

    def healthy(self) -> bool:
        return self.succeeds("ejabberd", "sh", "/opt/pair/healthy")

    def readyz(self) -> str:
        asked = ("/ejabberd-sidecar", "health", "--url", "http://127.0.0.1:8082")
        return self.exec("sidecar", *asked, check=False)

    def wait_until_ready(self) -> None:
        wait_until("logins and uploads work", self.ready, self.all_logs)

    def sql(self, query: str) -> str:
        return self.exec("postgres", "psql", "-U", "ejabberd", "-Atc", query).strip()

    def secrets(self) -> dict[str, str]:
        files = [each for each in self.volume("secrets").iterdir() if each.name != "tls.crt"]
        return {each.name: each.read_text().strip() for each in files}
