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


def runnable() -> dict:
    """To be read from another folder than ours: paths are absolute."""
    whole = read()
    for service in whole["services"].values():
        service["volumes"] = [
            re.sub(r"^(\$\{[A-Z]+:-)?\./", rf"\1{ROOT}/", each) for each in service["volumes"]
        ]
        if "build" in service:
            service["build"] = str(ROOT / service["build"])
    return whole
