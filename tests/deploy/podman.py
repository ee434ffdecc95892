"""A container of a manifest in words of podman, within scripts/in-containers, with images of scripts/test-images."""

import json
import os
import subprocess

EJABBERDS = ["23.01", "26.07"]


def podman(*words, check=True, **more):
    assert "CONTAINERS_STORAGE_CONF" in os.environ, "run this within scripts/in-containers"
    command = ["podman", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **more)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def inspected(kind, name):
    found = json.loads(podman(kind, "inspect", name).stdout)
    return found[0] if isinstance(found, list) else found


def standing_for(image):
    """What is here for the image that a manifest names, from whatever registry and of whatever version."""
    repository, _, tag = image.partition("@")[0].rpartition(":")
    match repository.rpartition("/")[2]:
        case "ejabberd":
            return f"ghcr.io/processone/ejabberd:{EJABBERDS[not tag.startswith(EJABBERDS[0])]}"
        case "ejabberd-sidecar":
            return "localhost/ejabberd-sidecar:latest"
        case "hurl":
            return "ghcr.io/orange-opensource/hurl:latest"
        case _:
            raise AssertionError(f"scripts/test-images makes nothing that stands for {image}")


def options(pod, container, environment, folder):
    """How the manifest wants a container to be run; `folder` knows a volume's by its name."""
    whole, own = pod["securityContext"], container["securityContext"]
    words = ["--pull", "never", "--http-proxy=false", "--memory", bytes_of(container["resources"]["limits"]["memory"])]
    words += ["--user", f"{whole['runAsUser']}:{whole['runAsGroup']}", "--group-add", whole["fsGroup"]]
    if own["readOnlyRootFilesystem"]:
        words += ["--read-only", "--read-only-tmpfs=false"]
    if not own["allowPrivilegeEscalation"]:
        words += ["--security-opt", "no-new-privileges"]
    for option, names in own["capabilities"].items():
        words += [word for name in names for word in (f"--cap-{option}", name)]
    for name, value in environment.items():
        words += ["--env", f"{name}={value}"]
    for mount in container["volumeMounts"]:
        mode = "ro" if mount.get("readOnly") else "rw"
        words += ["--volume", f"{folder(mount['name'])}:{mount['mountPath']}:{mode}"]
    return words


def bytes_of(quantity):
    return int(quantity[:-2]) << {"Ki": 10, "Mi": 20, "Gi": 30}[quantity[-2:]]


def run_by(container, words=()):
    """The image and what it runs: these words, or what the manifest says, or what the image says itself."""
    command, arguments = (words, []) if words else (container.get("command"), container.get("args", []))
    entry = ["--entrypoint", json.dumps(list(map(str, command)))] if command else []
    return [*entry, standing_for(container["image"]), *arguments]
