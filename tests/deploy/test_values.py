"""Values that cannot work are refused, all at once, with sentences that say what to do."""

import json
import re

import pytest
import yaml

from charts import CHART, helm, refusal, render

S3 = {"kind": "s3", "s3": {"bucket": "b", "accessKeyId": "k"}}
KEY = {"value": "k" * 32}
REFUSED = [
    ({"hosts": []}, "name the domains that ejabberd serves"),
    ({"replicas": 2}, "set uploads.store.kind to s3 with a bucket, or replicas to 1"),
    ({"replicas": 2, "uploads": {"store": S3}}, "set sql.enabled with a PostgreSQL"),
    ({"replicas": 2}, "set clustering.enabled, or replicas to 1"),
    (
        {"replicas": 2, "turn": {"enabled": True, "mode": "service", "address": "192.0.2.1"}},
        "set turn.mode to external",
    ),
    ({"turn": {"enabled": True}}, "turn.enabled needs turn.address"),
    ({"turn": {"enabled": True, "mode": "service", "address": "turn.example"}}, "needs an IPv4 address"),
    ({"turn": {"enabled": True, "address": "turn.example"}}, "secrets.turn is missing"),
    ({"secrets": {"upload": {"value": "short"}}}, "secrets.upload.value is weak: take 32 characters"),
    ({"secrets": {"cookie": {"value": "cookie"}}}, "secrets.cookie.value is weak"),
    ({"secrets": {"cookie": {**KEY, "existingSecret": {"name": "x"}}}}, "has both value and existingSecret"),
    (
        {"secrets": {"issuer": KEY}, "issuers": [{"issuer": "x", "secret": KEY}]},
        "secrets.issuer is for installations",
    ),
    ({"sql": {"enabled": True}}, "sql.enabled needs sql.host"),
    ({"sql": {"enabled": True, "host": "db"}}, "secrets.sql is missing"),
    ({"sql": {"enabled": True, "host": "db"}}, "sql.verify needs sql.caConfigMap"),
    ({"uploads": {"store": {"kind": "s3"}}}, "name the bucket in uploads.store.s3.bucket"),
    ({"uploads": {"store": S3}}, "secrets.s3 is missing"),
    ({"uploads": {"host": "a.example"}}, "uploads.host is one of hosts"),
    ({"issuers": [{"issuer": "x"}]}, "issuers[0] (x) has no key: give one of"),
    ({"issuers": [{"issuer": "x", "jwks": "{}", "pem": "p"}]}, "issuers[0] (x) has jwks and pem"),
    ({"issuers": [{"issuer": "x", "secret": {"value": "short"}}]}, "issuers[0].secret.value is weak"),
    (
        {"issuers": [{"issuer": "x", "secret": {"existingSecret": {"key": "k"}}}]},
        "issuers[0].secret needs value",
    ),
    ({"issuers": [{"issuer": "x", "secret": KEY, "hosts": ["b.example"]}]}, "issuers[0].hosts has b.example"),
    ({"sidecar": {"hostConfig": {"b.example": {}}}}, "sidecar.hostConfig has b.example"),
    ({"sidecar": {"config": {"listen": {"ops": "x"}}}}, "sidecar.config has listen.ops, which the chart sets"),
    ({"sidecar": {"config": {"auth": {"users_file": "x"}}}}, "sidecar.config has auth.users_file"),
    ({"sidecar": {"hostConfig": {"a.example": {"auth": {"users_file": "x"}}}}}, "the probes need the chart's"),
    ({"ejabberd": {"image": {"tag": "latest"}}}, "say in ejabberd.version which one it is"),
    ({"ejabberd": {"image": {"tag": "22.10"}}}, "ejabberd 22.10 is too old"),
    ({"ingress": {"enabled": True}, "tls": {"web": "pod", "existingSecret": "x"}}, "set it to auto"),
    ({"ingress": {"enabled": True}}, "a certificate that nobody trusts"),
    ({"gateway": {"enabled": True}}, "gateway.enabled needs gateway.parentRefs"),
    ({"tls": {"certManager": {"enabled": True}}}, "needs issuerRef.name"),
    (
        {"tls": {"existingSecret": "x", "certManager": {"enabled": True, "issuerRef": {"name": "i"}}}},
        "tls has both existingSecret and certManager",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), REFUSED)
def test_it_is_refused_with_a_sentence(values, sentence):
    assert sentence in refusal({"hosts": ["a.example"], **values})


def test_all_sentences_come_at_once():
    said = refusal({"hosts": [], "replicas": 2, "turn": {"enabled": True}, "secrets": {"upload": {"value": "x"}}})
    assert sum(line.startswith("  - ") for line in said.splitlines()) == 7


@pytest.mark.parametrize(
    "values",
    [
        {"hosts": ["not a host"]},
        {"hosts": ["a.example", "a.example"]},
        {"replicas": 0},
        {"uploads": {"maxSize": "many"}},
        {"uploads": {"store": {"kind": "tape"}}},
        {"terminationGracePeriodSeconds": 5},
        {"ejabberd": {"image": {"digest": "sha256:short"}}},
        {"ejabberd": {"user": 0}},
        {"ejabberd": {"resources": {"requests": {"memory": "lots"}}}},
        {"tls": {"web": "perhaps"}},
    ],
)
def test_the_schema_refuses_what_is_no_value(values):
    assert "values don't meet the specifications of the schema" in refusal({"hosts": ["a.example"], **values})


def maps(values, path=()):
    """The paths of all maps of the default values that have fixed keys."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    yield path
    for key, value in values.items():
        if isinstance(value, dict) and value and is_closed(schema, [*path, key]):
            yield from maps(value, (*path, key))


def is_closed(schema, path):
    node = schema
    for key in path:
        node = node["properties"][key]
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node.get("additionalProperties") is False


DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())


@pytest.mark.parametrize("path", list(maps(DEFAULTS)), ids=".".join)
def test_an_unknown_key_is_refused_everywhere(path):
    values = {"hosts": ["a.example"]}
    place = values
    for key in path:
        place = place.setdefault(key, {})
    place["surely-unknown"] = 1
    assert "surely-unknown" in refusal(values)


def test_most_maps_have_fixed_keys():
    assert len(list(maps(DEFAULTS))) > 40


def test_the_notes_say_what_comes_next():
    arguments = ["--dry-run=client", "--namespace", "chat", "--set", "hosts={a.example,b.example}"]
    notes = helm("install", "xmpp", CHART, *arguments).partition("NOTES:")[2]
    for word in ("_xmpp-client._tcp.b.example", "upload.a.example", "token mint", "helm test -n chat xmpp"):
        assert word in notes
    for name in ("conference.a.example", "pubsub.b.example"):
        assert re.search(rf"^     {name} +A    CLIENTS", notes, re.MULTILINE)


def test_a_host_is_all_that_is_needed():
    assert len(render({"hosts": ["a.example"]})) > 8
