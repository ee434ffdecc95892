"""The chart, rendered by helm, as objects."""

import os
import subprocess
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "ejabberd"
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
NAMES = [file.name.removesuffix("-values.yaml") for file in VALUES]
# The oldest Kubernetes with native sidecars, and the newest that kubernetes-validate knows.
VERSIONS = [f"1.{minor}" for minor in range(29, 38)]


def helm(*arguments, check=True, **more):
    command = [os.environ["HELM"], *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    # Its one word about the links in files/.
    errors = "\n".join(line for line in done.stderr.splitlines() if "found symbolic link" not in line)
    assert not check or done.returncode == 0, errors
    return done.stdout if check else errors


def values_file(name):
    return CHART / "ci" / f"{name}-values.yaml"


@cache
def rendered(name, version="1.30"):
    arguments = ["--namespace", "chat", "--kube-version", version, "--values", values_file(name)]
    return helm("template", "xmpp", CHART, *arguments)


def objects(name, version="1.30"):
    return [item for item in yaml.safe_load_all(rendered(name, version)) if item]


def render(values, version="1.30"):
    """The objects of values that are in no file."""
    arguments = ["--namespace", "chat", "--kube-version", version, "--values", "-"]
    text = helm("template", "xmpp", CHART, *arguments, input=yaml.safe_dump(values))
    return [item for item in yaml.safe_load_all(text) if item]


def refusal(values):
    """What helm says of values that it does not take."""
    errors = helm("template", "xmpp", CHART, "--values", "-", input=yaml.safe_dump(values), check=False)
    assert errors.startswith("Error:"), "these values were taken"
    return errors


def one(items, kind, suffix=""):
    found = [item for item in items if item["kind"] == kind and item["metadata"]["name"].endswith(suffix)]
    assert len(found) == 1, f"{len(found)} objects of kind {kind}, {suffix}"
    return found[0]


def pods(items):
    """The pod specifications of all objects that have one."""
    for item in items:
        if item["kind"] == "Pod":
            yield item["metadata"]["name"], item["spec"]
        elif "template" in item.get("spec", {}):
            yield item["metadata"]["name"], item["spec"]["template"]["spec"]


def containers(pod):
    return [*pod.get("initContainers", []), *pod["containers"]]
