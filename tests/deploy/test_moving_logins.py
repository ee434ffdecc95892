"""What docs/deploy.md says of tokens of `auth_method: jwt` and of slots of other servers: commands and values, done."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import time
from urllib.parse import quote

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pages import blocks, page
from pod import running
from test_moving import release, served
from users import CONFIG, put, signed, status, token

PAGE = page("deploy").partition("## Moving here\n")[2]
WRAP, SECRET = (block.splitlines()[0] for block in blocks(PAGE, "sh")[:2])
VALUES = yaml.safe_load(blocks(PAGE, "yaml")[0])
KEY = Ed25519PrivateKey.generate()
TEXT = "a shared key of ejabberd, which is text"


def encoded(octets):
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


PUBLIC = {"kty": "OKP", "crv": "Ed25519", "x": encoded(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))}
PRIVATE = PUBLIC | {"d": encoded(KEY.private_bytes_raw())}
SHARED = {"kty": "oct", "k": encoded(TEXT.encode())}


def jwt(sign, algorithm, **claims):
    now = int(time.time())
    claims = {"iss": "https://login.example.org", "aud": "xmpp", "jid": "alice@example.org", "exp": now + 600} | claims
    parts = [{"alg": algorithm, "typ": "JWT"}, {name: value for name, value in claims.items() if value is not None}]
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(sign(text.encode()))}"


def eddsa(**claims):
    return jwt(KEY.sign, "EdDSA", **claims)


def made(command, key, name, folder):
    """What the page's command makes of a key file of ejabberd."""
    (folder / "jwt_key.json").write_text(json.dumps(key))
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, check=True)
    return {"login-keys": {name: (folder / name).read_bytes()}, "login": {name: (folder / name).read_bytes()}}


def judged(pod, password):
    """Why it does not log in, or nothing."""
    command = ["token", "check", "--config", CONFIG, "--user", "alice", "--host", "example.org", password]
    done = pod.run("sidecar", "/ejabberd-sidecar", *command, check=False)
    reason = re.search(r"^refused: (\w+)$", done.stdout, re.MULTILINE)
    assert bool(reason) == bool(done.returncode), done.stdout + done.stderr
    return reason and reason[1]


@pytest.mark.parametrize("key", [PUBLIC, PRIVATE, {"keys": [PRIVATE]}], ids=["public", "private", "set"])
def test_the_key_of_jwt_becomes_a_set_without_what_is_secret(key, tmp_path):
    existing = made(WRAP, key, "jwks.json", tmp_path)
    assert json.loads(existing["login-keys"]["jwks.json"]) == {"keys": [PUBLIC]}


def test_its_tokens_log_in_if_they_say_enough(tmp_path):
    existing = made(WRAP, PRIVATE, "jwks.json", tmp_path)
    with running(tmp_path / "pod", release(**VALUES), existing=existing) as pod:
        pod.run("configure")
        assert judged(pod, eddsa()) is None
        assert judged(pod, eddsa(iss=None)) == "issuer_missing"
        assert judged(pod, eddsa(aud=None)) == "audience_missing"
        assert judged(pod, eddsa(exp=int(time.time()) + 7 * 86400)) == "lifetime_too_long"
        assert judged(pod, eddsa(jid=None, sub="alice")) == "user_claim_missing"


def test_without_an_audience_a_token_must_have_none(tmp_path):
    existing = made(WRAP, PUBLIC, "jwks.json", tmp_path)
    [issuer] = VALUES["issuers"]
    values = {"issuers": [{name: value for name, value in issuer.items() if name != "audience"}]}
    with running(tmp_path / "pod", release(**values), existing=existing) as pod:
        pod.run("configure")
        assert judged(pod, eddsa(aud=None)) is None
        assert judged(pod, eddsa()) == "audience_mismatch"


def test_a_shared_key_that_is_text_goes_on_as_a_secret(tmp_path):
    existing = made(SECRET, SHARED, "secret", tmp_path)
    assert existing["login"]["secret"].decode() == TEXT
    issuer = VALUES["issuers"][0] | {"secret": {"existingSecret": {"name": "login", "key": "secret"}}}
    del issuer["configMap"]
    with running(tmp_path / "pod", release(issuers=[issuer]), existing=existing) as pod:
        pod.run("configure")
        assert judged(pod, jwt(lambda text: hmac.digest(TEXT.encode(), text, "sha256"), "HS256")) is None


def slot(pod):
    """What an app is answered that asks for one."""
    body = ["-H", "Content-Type: application/json", "-d", '{"filename": "a.txt", "size": 5}']
    bearer = ["-H", f"Authorization: Bearer {token(pod)}"]
    return status(pod, "https://127.0.0.1:8080/api/v1/slots", *bearer, *body)


def v2(secret, path, size, content_type):
    message = f"{path}\0{size}\0{content_type}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def test_slots_of_other_servers_are_taken_beside_the_sidecars_own(tmp_path):
    [inline] = re.findall(r"`(sidecar\.config: \{upload: .*?\})`", PAGE)
    values = {"sidecar": {"config": yaml.safe_load(inline.partition(": ")[2])}}
    secret = "upload-0123456789abcdef0123456789abcdef"
    with running(tmp_path, release(**values)) as pod:
        served(pod)
        assert slot(pod) == "201"
        assert put(pod, signed(pod, "v.txt", 5)) == "201"
        path = "5ba4d5e0-0000-4000-8000-000000000000/v2.txt"
        url = f"https://127.0.0.1:8080/upload/example.org/{quote(path)}?v2={v2(secret, path, 5, 'text/plain')}"
        assert status(pod, "-X", "PUT", "-d", "hello", "-H", "Content-Type: text/plain", url) == "201"
