"""The compose file, as it is read before anything is filled in."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"


def read() -> dict:
    return yaml.safe_load(FILE.read_text())


def services() -> dict[str, dict]:
    return read()["services"]


def filled(value: str) -> str:
    """With the defaults of its variables."""
    return re.sub(r"\$\{[A-Z_0-9]+:-([^}]*)\}", r"\1", value)


def runnable(images: dict[str, str]) -> dict:
    """What podman-compose 1.0.3 runs like docker compose: it starts services of profiles always, so
    they are left out; and from another folder than ours, so paths are absolute."""
    whole = read()
    kept = {name: each for name, each in whole["services"].items() if not each.get("profiles")}
    for service in kept.values():
        service["image"] = images.get(service["image"], service["image"])
        service["volumes"] = [
            re.sub(r"^(\$\{[A-Z]+:-)?\./", rf"\1{ROOT}/", each) for each in service["volumes"]
        ]
    used = {name for service in kept.values() for name in service["networks"]}
    whole["networks"] = {name: each for name, each in whole["networks"].items() if name in used}
    return whole | {"services": kept}
