"""scripts/image: what it asks of docker, and when it says beforehand that docker cannot do it."""

import os
import subprocess

import pytest

from charts import ROOT

DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
"buildx inspect") printf 'Name:   some\\nDriver: %s\\nLast Activity: now\\n' "$DRIVER" ;;
"info --format"*) echo "$STATUS" ;;
esac
"""
STATUS = "[[Backing Filesystem extfs]]", "[[driver-type io.containerd.snapshotter.v1]]"


@pytest.fixture
def image(tmp_path):
    """Runs the script with a docker of that kind, and returns what it said and called."""
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    calls = tmp_path / "calls"
    calls.touch()

    def run(driver, status=STATUS[0], **environment):
        given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(calls), "DRIVER": driver, "STATUS": status}
        command = ["bash", ROOT / "scripts" / "image"]
        done = subprocess.run(command, env={**os.environ, **given, **environment}, capture_output=True, text=True)
        return done, [call for call in calls.read_text().splitlines() if call.startswith("buildx build")]

    return run


def test_an_image_for_here_takes_dockers_own_builder(image):
    done, [build] = image("docker", IMAGE="ejabberd-sidecar:0.1.0")
    assert done.returncode == 0, done.stderr
    assert "--load --tag ejabberd-sidecar:0.1.0 ." in build


@pytest.mark.parametrize(("driver", "status"), [("docker-container", STATUS[0]), ("docker", STATUS[1])])
def test_a_builder_that_can_pushes_with_an_sbom(image, driver, status):
    platforms = "linux/amd64,linux/arm64"
    done, [build] = image(driver, status, PUSH="1", PLATFORMS=platforms, IMAGE="registry.example/sidecar:1")
    assert done.returncode == 0, done.stderr
    assert f"--platform {platforms} --push --sbom=true --provenance=true --tag registry.example/sidecar:1 ." in build


def test_one_that_cannot_is_told_before_anything_is_built(image):
    done, builds = image("docker", PUSH="1")
    assert done.returncode == 1
    assert "docker buildx create --use" in done.stderr
    assert builds == []


def test_several_platforms_are_pushed(image):
    done, builds = image("docker", PLATFORMS="linux/amd64,linux/arm64")
    assert done.returncode == 1
    assert "set PUSH=1" in done.stderr
    assert builds == []
