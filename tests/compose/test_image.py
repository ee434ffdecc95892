"""The sidecar's image: the Dockerfile's last stage, around the static program of test-images."""

import json
import subprocess
import tarfile

import pytest

from pair import IMAGE, podman

LIMIT = 25_000_000


@pytest.fixture(scope="module")
def image() -> dict:
    return json.loads(podman("image", "inspect", IMAGE))[0]


def run(*command: str) -> subprocess.CompletedProcess:
    hardened = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
    start = ("podman", "run", "--rm", "--network", "none", *hardened)
    return subprocess.run([*start, *command], capture_output=True, text=True)


def test_it_is_small(image):
    assert image["Size"] < LIMIT


def test_it_runs_as_nobody_of_importance(image):
    assert image["Config"]["User"] == "65532:65532"


def test_it_says_what_it_is(image):
    labels = image["Labels"]
    for name in ("title", "description", "licenses", "version", "revision", "created"):
        assert labels[f"org.opencontainers.image.{name}"]


def test_the_program_runs_hardened_and_without_libraries():
    done = run(IMAGE, "--version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ejabberd-sidecar ")


def test_it_hands_out_its_program(tmp_path):
    tmp_path.chmod(0o777)
    done = run("--volume", f"{tmp_path}:/to", IMAGE, "install", "/to")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ejabberd-sidecar").stat().st_mode & 0o777 == 0o755


def test_there_is_nothing_else_in_it(tmp_path):
    archive = tmp_path / "image.tar"
    container = podman("create", IMAGE).strip()
    try:
        podman("export", "--output", str(archive), container)
    finally:
        podman("rm", container)
    with tarfile.open(archive) as files:
        found = {each.name for each in files if each.isfile() and each.size}
    assert found == {"ejabberd-sidecar", "etc/ssl/certs/ca-certificates.crt"}


def test_its_health_check_fails_where_nothing_runs():
    done = run(IMAGE, "health", "--url", "http://127.0.0.1:8082")
    assert done.returncode == 1
    assert "the service is not running" in done.stderr
