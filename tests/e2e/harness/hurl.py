"""scripts/hurl-tests, as an operator runs it."""

import os
import subprocess
from pathlib import Path

from .paths import SCRIPTS, SIDECAR
from .secrecy import secret_token, secret_url


def variables(path: Path, **values: object) -> Path:
    """hurl-tests/variables.env for a service that is reached at these addresses."""
    values = {
        "host": "localhost",
        "user": "alice",
        "other": "bob",
        "stranger": "nobody-ever",
        "too_large": 100 * 1024 * 1024 + 1,
    } | values
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return path


def of_server(path: Path, server, **others: object) -> Path:
    hook = f"unix:{server.hook_socket}" if server.hook_socket else server.hook_url
    sidecar = server.sidecar
    addresses = {"public": sidecar.public_url, "hook": hook, "ops": sidecar.ops_url}
    return variables(path, **addresses | others)


def run(config: Path, variables: Path, *files: Path) -> subprocess.CompletedProcess:
    made = variables.with_name("made")
    ours = {"SIDECAR": SIDECAR, "VARIABLES": variables, "KEEP": made}
    environment = os.environ | {name: str(path) for name, path in ours.items()}
    command = [SCRIPTS / "hurl-tests", config, *files]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    for line in made.read_text().splitlines():
        name, _, value = line.partition("=")
        (secret_token if name.endswith("_token") else secret_url)(value)
    return done


def assert_holds(config: Path, variables: Path, *files: Path) -> None:
    done = run(config, variables, *files)
    assert done.returncode == 0, done.stdout + done.stderr
