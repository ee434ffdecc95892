"""The configurations of each values file, by `config check`, which sees both sides, and by ejabberd's own loader."""

import base64
import json
import re
from pathlib import Path

import pytest
import yaml

from charts import NAMES, objects, one, render, values_file
from pod import running
from podman import EJABBERDS

KEY = {"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
# What is said of them beyond that the pod is not running: the bucket is away, and a proxy speaks TLS.
SAID = {
    "calls": {"web_without_tls"},
    "cluster": {"setting", "secret_shared", "store", "web_without_tls"},
    "eks": {"store", "web_without_tls"},
    "extras": set(),
    "gke": {"store", "web_without_tls"},
    "hostnetwork": {"upload_missing"},
    "kind": set(),
    "minimal": set(),
    "oldest": {"secret_shared"},
}
LOADER = Path(__file__).parents[1] / "e2e" / "load_ejabberd_yml.escript"


def secret(name):
    return {key: f"{name}-{key}-0123456789abcdef0123456789abcdef".encode() for key in SECRET_KEYS}


SECRET_KEYS = ("upload", "component", "cookie", "turn", "sql", "s3", "hs256", "hmac", "secret-access-key")


def existing():
    """What values files refer to and no chart brings."""
    made = one(objects("minimal"), "Secret", "-tls")["data"]
    certificate = {key: base64.b64decode(text) for key, text in made.items()}
    there = {name: secret(name) for name in ("xmpp", "guests", "bucket")}
    there["login-keys"] = {"jwks.json": json.dumps({"keys": [KEY]}).encode()}
    there["postgres-ca"] = {"ca.crt": certificate["tls.crt"]}
    there |= {"greetings": {"one": b"hello"}, "authorities": {"ca.crt": certificate["tls.crt"]}}
    return {**there, "example-org-tls": certificate, "xmpp-ejabberd-tls": certificate}


def tag(name):
    values = yaml.safe_load(values_file(name).read_text())
    return values.get("ejabberd", {}).get("image", {}).get("tag", "26.07")


@pytest.mark.parametrize("name", NAMES)
def test_both_sides_fit(name, tmp_path):
    with running(tmp_path, objects(name), existing=existing()) as pod:
        pod.run("configure")
        pod.run("bridge")
        command = ["/ejabberd-sidecar", "config", "check", "--config", "/etc/ejabberd-sidecar/sidecar.toml"]
        command += ["--ejabberd-yml", "/opt/ejabberd/conf/ejabberd.yml", "--ejabberd-version", tag(name)]
        # Where neither container is: with the mounts of both.
        mounts = {m["mountPath"]: m for name in ("ejabberd", "sidecar") for m in pod.container(name)["volumeMounts"]}
        done = pod.run("sidecar", *command, check=False, volumeMounts=list(mounts.values()))
    assert done.returncode in (0, 1), done.stderr
    said = re.findall(r"^(?:error|warning): \S+ \[(\w+)\]", done.stdout, re.MULTILINE)
    assert set(said) == SAID[name], done.stdout


def loaded(folder, items):
    """Says `taken` where ejabberd's own loader takes the configuration."""
    with running(folder, items, existing=existing()) as pod:
        pod.run("configure")
        pod.run("bridge")
        (pod.volumes / "tmp" / "load").write_bytes(LOADER.read_bytes())
        # Debian has a link of another name to the same folder.
        command = 'set -- /usr/lib/*/ejabberd-*/ebin; escript /tmp/load "$1" /opt/ejabberd/conf/ejabberd.yml'
        done = pod.run("ejabberd", "sh", "-c", command)
    assert "taken" in done.stdout.splitlines(), done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_ejabberd_takes_its_side(name, tmp_path):
    """Of the version that the values name, or the nearest that is here."""
    loaded(tmp_path, objects(name))


@pytest.mark.parametrize("version", EJABBERDS)
def test_ejabberd_takes_one_without_secrets_of_its_own(version, tmp_path):
    values = {"hosts": ["a.example"], "uploads": {"enabled": False}, "ejabberd": {"image": {"tag": version}}}
    loaded(tmp_path, render(values))
