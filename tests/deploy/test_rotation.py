"""Secrets that are rotated while the pod runs: what counts at once, what after a restart, and nothing breaks between.
Those for uploads are in test_pod.py, PostgreSQL's password in test_sql.py."""

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from charts import render
from pod import running, until
from podman import EJABBERDS
from users import component_is_connected, login

ISSUER = "https://login.example.org"


def base64url(text):
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


class Key:
    """One of an issuer."""

    def __init__(self, name):
        self.name, self.private = name, Ed25519PrivateKey.generate()

    def public(self):
        x = base64url(self.private.public_key().public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "kid": self.name, "x": x}

    def token(self, user):
        claims = {"iss": ISSUER, "sub": f"{user}@example.org", "exp": int(time.time()) + 600}
        parts = {"alg": "EdDSA", "kid": self.name}, claims
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{base64url(self.private.sign(signed.encode()))}"


@pytest.fixture
def pod(tmp_path):
    keys = Key("before"), Key("after")

    def rendered(component, *keys):
        jwks = json.dumps({"keys": [key.public() for key in keys]})
        values = {"hosts": ["example.org"], "issuers": [{"issuer": ISSUER, "jwks": jwks}]}
        secrets = {"component": {"value": component}, "cookie": {"value": "c" * 32}, "upload": {"value": "u" * 32}}
        image = {"image": {"tag": EJABBERDS[1]}}
        return render({**values, "secrets": secrets, "ejabberd": image})

    items = rendered("component-before-0123456789abcdef", keys[0])
    with running(tmp_path, items) as pod:
        pod.rendered, pod.keys = rendered, keys
        pod.start_all()
        yield pod


def test_keys_count_at_once_and_the_components_secret_after_a_restart(pod):
    before, after = pod.keys
    until(lambda: component_is_connected(pod))
    assert login(pod, before.token("alice")) == "success"
    assert login(pod, after.token("alice")) == "failure"
    component = "component-after-0123456789abcdef0"
    pod.update(pod.rendered(component, before, after), "sidecar", "secrets")
    until(lambda: login(pod, after.token("alice")) == "success")
    assert login(pod, before.token("alice")) == "success"
    # Both sides go on with what they had.
    assert component_is_connected(pod)
    pod.update(pod.rendered(component, after), "sidecar", "secrets")
    until(lambda: login(pod, before.token("alice")) == "failure")
    assert pod.stop_all() == {"ejabberd": 0, "reload": 0, "sidecar": 0}
    pod.start_all()
    until(lambda: component_is_connected(pod))
    assert component in (pod.volumes / "run" / "local.yml").read_text()
    assert login(pod, after.token("alice")) == "success"
