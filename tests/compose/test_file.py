"""What the compose file promises, read from it."""

import subprocess
import sys
from pathlib import Path

import pytest

from composition import FILE, ROOT, filled, read, services

SERVICES = services()
BIN = Path(sys.executable).parent

# What is reached from outside, and what that is.
PUBLISHED = {
    "ejabberd": {"5222:5222", "5223:5223", "5269:5269", "5443:5443"},
    "sidecar": {"8080:8080"},
    "turn": {"3478:3478/udp", "3478:3478/tcp", "49160-49259:49160-49259/udp"},
    "web": {"8088:8080"},
}
# Who may have which capability, for a reason that the compose file tells.
CAPABILITIES = {
    "init": ["CHOWN", "DAC_READ_SEARCH"],
    "ejabberd": ["NET_BIND_SERVICE"],
    "turn": ["NET_BIND_SERVICE"],
}
SECRET_NAMES = ("PASSWORD", "SECRET", "TOKEN", "KEY", "COOKIE")


@pytest.fixture(params=SERVICES)
def service(request):
    return SERVICES[request.param] | {"name": request.param}


def test_it_is_a_compose_file():
    check = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", FILE]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_service_is_hardened(service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == CAPABILITIES.get(service["name"], [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    for limit in ("mem_limit", "cpus", "pids_limit"):
        assert service[limit], limit


def test_every_service_is_somebody(service):
    user, group = service["user"].split(":")
    assert user.isdigit()
    assert group.isdigit()
    assert (user == "0") == (service["name"] == "init")


def test_every_service_ends_up_running_or_done(service):
    once = service["restart"] == "on-failure"
    assert once or service["restart"] == "unless-stopped"
    assert once or service["healthcheck"]["test"][0] == "CMD"


def test_only_these_ports_are_published_and_on_loopback(service):
    found = set()
    for port in service.get("ports", []):
        address, ports = filled(port).split(":", 1)
        assert address == "127.0.0.1"
        found.add(ports)
    assert found == PUBLISHED.get(service["name"], set())


def test_no_secret_is_in_an_environment_or_a_command_line(service):
    for name, value in service.get("environment", {}).items():
        assert name.endswith("_FILE") or not any(word in name for word in SECRET_NAMES), name
        assert "secret" not in str(value).lower()
    assert "env_file" not in service
    for word in service.get("entrypoint", []) + service.get("command", []):
        assert "$" not in word


def test_secrets_are_seen_by_those_who_make_and_need_them(service):
    volumes = {each.split(":")[0]: each.split(":")[1:] for each in service.get("volumes", [])}
    assert ("secrets" in volumes) == (service["name"] == "init")
    for volume, rest in volumes.items():
        if volume.endswith("-settings") and service["name"] != "init":
            assert rest[1:] == ["ro"], volume
            owner = {"bucket": "s3", "tables": "postgres"}.get(service["name"], service["name"])
            assert volume == f"{owner}-settings"


def test_what_is_mounted_from_here_is_read_only(service):
    for volume in service.get("volumes", []):
        if filled(volume).startswith("."):
            path, _, mode = filled(volume).split(":")
            assert mode == "ro"
            assert (ROOT / path).exists()


def test_the_inner_networks_are_inner():
    networks = read()["networks"]
    assert {name for name, each in networks.items() if not each.get("internal")} == {
        "clients",
        "files",
        "relay",
        "site",
    }
    members = {
        network: {name for name, each in SERVICES.items() if network in each.get("networks", [])}
        for network in networks
    }
    assert members["pair"] == {"ejabberd", "sidecar", "ready"}
    assert members["sql"] == {"ejabberd", "postgres", "tables"}
    assert members["bucket"] == {"sidecar", "s3", "bucket"}
    assert members["clients"] == {"ejabberd"}
    assert members["files"] == {"sidecar"}
    assert members["web"] == {"ejabberd", "web"}
    assert members["relay"] == {"turn"}
    assert members["site"] == {"web"}


def test_it_ends_in_the_same_line_as_make_up():
    line = "ejabberd and ejabberd-sidecar are running."
    for script in ("up", "compose/ready"):
        assert line in (ROOT / "scripts" / script).read_text().splitlines(), script


def test_what_is_under_way_may_end():
    """The sidecar lets uploads go on for half a minute; ejabberd is waited for."""
    given = {
        name: int(SERVICES[name]["stop_grace_period"].rstrip("s"))
        for name in ("sidecar", "ejabberd")
    }
    assert given["sidecar"] > 30
    assert given["ejabberd"] >= 60


def test_what_is_not_for_everybody_has_a_profile():
    profiles = {name: each["profiles"] for name, each in SERVICES.items() if "profiles" in each}
    assert profiles == {"turn": ["turn"], "web": ["web"]}


def test_images_have_versions(service):
    image = filled(service["image"])
    ours = ("ejabberd-sidecar:latest", "ejabberd-sidecar-web:latest")
    assert image in ours or image.rsplit(":", 1)[1][0] in "v0123456789"


@pytest.mark.parametrize("file", ["Dockerfile", "scripts/compose/web/Dockerfile"])
def test_the_dockerfile_is_clean(file):
    done = subprocess.run([BIN / "hadolint", ROOT / file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
