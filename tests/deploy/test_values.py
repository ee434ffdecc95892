"""Values that cannot work are refused, all at once, with sentences that say what to do."""

import json

import pytest
import yaml

from charts import CHART, NAMES, helm, one, refusal, render, values_file

S3 = {"kind": "s3", "s3": {"bucket": "b", "accessKeyId": "k"}}
KEY = {"value": "k" * 32}
INGRESS = {"ingress": {"enabled": True}, "tls": {"existingSecret": "x"}}
PUBLIC = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
SECRET_KEY = "issuers[0] has a key that is secret, which would lie in a ConfigMap"


def issuer(**more):
    return {"issuers": [{"issuer": "x", **more}]}


def keys(*found):
    return issuer(jwks=json.dumps({"keys": found}))


def config(**sections):
    return {"sidecar": {"config": sections}}


TWO = {"hosts": ["a.example", "b.example"]}


def url(text, *, own=False):
    host = {"b.example": {"upload": {"public_url": "https://u.example/b"}}} if own else {}
    return {**TWO, "uploads": {"url": text}, "sidecar": {"hostConfig": host}}


def variable(part, name):
    return {part: {"extraEnv": [{"name": name, "value": "x"}]}}


REFUSED = [
    (config(store={"secret_access_key": "s"}), "store.secret_access_key, which would lie in a ConfigMap"),
    (config(store={"secret_access_key": "s"}), "give it in secrets.s3"),
    (config(upload={"secrets": ["s"]}), "give them in secrets.upload"),
    (config(component={"secret": "s"}), "give it in secrets.component"),
    (config(listen={"hook_credentials": "s"}), "listen.hook_credentials, which would lie in a ConfigMap"),
    (config(listen={"hook_slot_key": "s"}), "listen.hook_slot_key, which would lie in a ConfigMap"),
    (
        {"sidecar": {"hostConfig": {"a.example": {"upload": {"secrets": ["s"]}}}}},
        "sidecar.hostConfig has upload.secrets for a.example, which would lie in a ConfigMap",
    ),
    (issuer(secret=KEY, config={"secret": "s"}), "give it in issuers[0].secret"),
    (issuer(secret=KEY, config={"jwks_file": "f"}), "issuers[0].config has jwks_file, which the chart sets"),
    (keys(PUBLIC, {"kty": "oct", "k": "c2VjcmV0"}), SECRET_KEY),
    (keys({**PUBLIC, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}), SECRET_KEY),
    (issuer(jwks='{"\\u006bty": "oct"}'), SECRET_KEY),
    (issuer(pem="-----BEGIN PRIVATE KEY-----"), SECRET_KEY),
    (issuer(jwks="keys"), "issuers[0].jwks is no JSON"),
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
    ({"uploads": {"store": {"kind": "s3"}}}, "set uploads.store.s3.accessKeyId"),
    ({"uploads": {"host": "a.example"}}, "uploads.host is a.example, which is one of hosts"),
    ({"uploads": {"host": "conference.a.example"}}, "which is one of hosts or has their rooms or nodes"),
    ({"hosts": ["a.example", "upload.a.example"]}, "uploads.host is upload.a.example"),
    (url("https://u.example/"), "files of a.example and b.example could not be told apart: put @HOST@ into its path"),
    (url("https://@HOST@/files"), "put @HOST@ into its path"),
    ({"sql": {"enabled": True, "host": "db", "ssl": False, "caConfigMap": {"name": "x"}}}, "of no use without sql.ssl"),
    ({"fullnameOverride": "my.chat"}, "no Service can be called my.chat"),
    ({"fullnameOverride": "1chat"}, "a name that begins with a letter and has no dot"),
    (variable("ejabberd", "ERLANG_NODE_ARG"), "ejabberd.extraEnv has ERLANG_NODE_ARG, which is set already"),
    (variable("ejabberd", "CTL_ON_CREATE"), "ejabberd.extraEnv has CTL_ON_CREATE, which the image writes into its log"),
    (variable("ejabberd", "REGISTER_ADMIN_PASSWORD"), "which the image writes into its log"),
    (
        {"sidecar": {"extraEnv": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}},
        "sidecar.extraEnv has A, which is set already",
    ),
    (variable("sidecar", "EJABBERD_SIDECAR__LISTEN__OPS"), "sidecar.extraEnv has EJABBERD_SIDECAR__LISTEN__OPS"),
    ({"issuers": [{"issuer": "x"}]}, "issuers[0] (x) has no key: give one of"),
    ({"issuers": [{"issuer": "x", "jwks": "{}", "pem": "p"}]}, "issuers[0] (x) has jwks and pem"),
    ({"issuers": [{"issuer": "x", "secret": {"value": "short"}}]}, "issuers[0].secret.value is weak"),
    (
        {"issuers": [{"issuer": "x", "secret": {"existingSecret": {"key": "k"}}}]},
        "issuers[0].secret needs value",
    ),
    ({"issuers": [{"issuer": "x", "secret": KEY, "hosts": ["b.example"]}]}, "issuers[0].hosts has b.example"),
    (
        {**TWO, "issuers": [{"issuer": "x", "secret": KEY, "hosts": ["a.example"]}]},
        "issuers has none for b.example, where nobody could log in",
    ),
    (
        {"issuers": [{"issuer": "x", "secret": KEY}, {"issuer": "x", "jwks": "{}", "hosts": ["a.example"]}]},
        "issuers has one twice for a.example: give all keys of an issuer in one entry",
    ),
    ({"secrets": {"upload": KEY}, **issuer(secret=KEY)}, "issuers[0].secret.value is secrets.upload, too"),
    ({"secrets": {"upload": KEY, "issuer": KEY}}, "secrets.issuer is secrets.upload, too"),
    ({"sidecar": {"hostConfig": {"b.example": {}}}}, "sidecar.hostConfig has b.example"),
    ({"sidecar": {"config": {"listen": {"ops": "x"}}}}, "sidecar.config has listen.ops, which the chart sets"),
    ({"sidecar": {"config": {"auth": {"users_file": "x"}}}}, "sidecar.config has auth.users_file"),
    ({"sidecar": {"hostConfig": {"a.example": {"auth": {"users_file": "x"}}}}}, "the probes need the chart's"),
    (config(listen={"tls": {"cert": "c", "key": "k"}}), "sidecar.config has listen.tls, which the chart sets"),
    (config(**{"listen.tls": {"cert": "c"}}), "sidecar.config has the section listen.tls"),
    (config(hosts={"a.example": {}}), "sidecar.config has the section hosts"),
    (config(upload={"accept": ["v", "v2"]}), "sidecar.config has upload.accept without bearer"),
    (config(upload={"accept": "v"}), "sidecar.config has upload.accept without bearer"),
    (
        {"sidecar": {"hostConfig": {"a.example": {"upload": {"accept": ["v"]}}}}},
        "sidecar.hostConfig (a.example) has upload.accept without bearer",
    ),
    ({"uploads": {"slots": "ejabberd"}, **config(upload={"accept": ["bearer"]})}, "upload.accept without v,"),
    ({"ejabberd": {"extraConfig": "foo: ["}}, "ejabberd.extraConfig is no mapping in YAML"),
    ({"ejabberd": {"extraConfig": "- language: de"}}, "ejabberd.extraConfig is no mapping in YAML"),
    ({"ejabberd": {"extraConfig": "language"}}, "ejabberd.extraConfig is no mapping in YAML"),
    ({"ejabberd": {"image": {"repository": "docker.io/ejabberd/ecs"}}}, "where a volume would hide them"),
    ({"ejabberd": {"home": "/home/ejabberd"}}, "take ghcr.io/processone/ejabberd with home /opt/ejabberd"),
    ({"ejabberd": {"image": {"tag": "latest"}}}, "say in ejabberd.version which one it is"),
    ({"ejabberd": {"image": {"tag": "22.10"}}}, "ejabberd 22.10 is too old"),
    ({"ingress": {"enabled": True}, "tls": {"web": "pod", "existingSecret": "x"}}, "set it to auto"),
    ({"ingress": {"enabled": True}}, "a certificate that nobody trusts"),
    (INGRESS, "ejabberd.trustedProxies is empty, and all web users would have the proxy's address"),
    ({"gateway": {"enabled": True, "parentRefs": [{"name": "g"}]}}, "ejabberd.trustedProxies is empty"),
    ({"tls": {"web": "proxy"}}, "ejabberd.trustedProxies is empty"),
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
        # Beyond that no pod is asked whether it knows a lost one (peers.sh).
        {"replicas": 11},
        {"sql": {"user": ""}},
        {"uploads": {"url": "https://u example/"}},
        {"uploads": {"maxSize": "many"}},
        {"uploads": {"store": {"kind": "tape"}}},
        {"terminationGracePeriodSeconds": 5},
        {"ejabberd": {"image": {"digest": "sha256:short"}}},
        {"ejabberd": {"user": 0}},
        {"ejabberd": {"resources": {"requests": {"memory": "lots"}}}},
        {"tls": {"web": "perhaps"}},
        {"ejabberd": {"trustedProxies": ["10.0.0.0/8, 192.0.2.1"]}},
        {"ejabberd": {"fail2banExempt": ["localhost"]}},
        {"ejabberd": {"listenIp": "*"}},
        {"services": {"client": {"loadBalancerSourceRanges": ["all"]}}},
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


def notes(*settings):
    arguments = ["--dry-run=client", "--namespace", "chat", "--set", "hosts={a.example,b.example}", *settings]
    return helm("install", "xmpp", CHART, *arguments).partition("NOTES:")[2]


def test_the_notes_say_what_comes_next():
    said = notes()
    for word in ("_xmpp-client._tcp.b.example", "upload.a.example", "token mint", "helm test -n chat xmpp"):
        assert word in said
    assert "HTTP-01" not in said


def test_the_notes_name_all_that_dns_has_to_know():
    """Other servers look for rooms by the rooms' own name, and an authority for each name of the certificate."""
    parts = [f"{part}.{host}" for host in ("a.example", "b.example") for part in ("conference", "pubsub")]
    for name in parts:
        assert f"_xmpp-server._tcp.{name} " in notes()
        assert f"_xmpp-server._tcp.{name} " not in notes("--set", "ejabberd.federation=false")
    said = notes("--set", "tls.certManager.enabled=true,tls.certManager.issuerRef.name=letsencrypt")
    listed = said.partition("HTTP-01")[2].partition("): ")[2].partition("\n")[0].split(", ")
    assert set(listed) == {"a.example", "b.example", *parts, "upload.a.example", "upload.b.example"}


def dns(said):
    """What is before and behind the type of each record."""
    lines = [line.split(" A ") for line in said.splitlines() if " A " in line]
    return {name.strip(): value.strip() for name, value in lines}


def test_the_notes_say_where_web_clients_and_files_are_led():
    assert dns(notes())["b.example"] == "WEB, for web clients: wss://b.example:5443/ws, https://b.example:5443/bosh"
    assert dns(notes())["upload.a.example"] == "WEB, for files"
    behind = ["--set", "tls.web=proxy,ejabberd.trustedProxies={10.0.0.0/8}"]
    assert dns(notes(*behind))["b.example"].endswith("wss://b.example/ws, https://b.example/bosh")
    said = dns(notes("--set", "uploads.url=https://cdn.c.example/u/@HOST@"))
    assert said.keys() == {"a.example", "b.example", "xmpp.a.example", "xmpp.b.example", "cdn.c.example"}
    assert "upload.a.example" not in dns(notes("--set", "uploads.enabled=false"))
    for line in ("services.client.type is ClusterIP", "services.web.type is ClusterIP"):
        assert line in notes()
    for service in ("client", "web"):
        assert f"services.{service}.type is" not in notes("--set", f"services.{service}.type=LoadBalancer")


def of_file(name, *more):
    arguments = ["--dry-run=client", "--namespace", "chat", "--values", values_file(name), *more]
    return helm("install", "xmpp", CHART, *arguments).partition("NOTES:")[2]


@pytest.mark.parametrize("name", NAMES)
def test_the_notes_are_of_the_values(name):
    """Nothing is told that is not so."""
    values = yaml.safe_load(values_file(name).read_text())
    said = of_file(name)
    assert "<no value>" not in said
    assert "<nil>" not in said
    kept = name not in ("cluster", "oldest")
    assert ("The Secret xmpp-ejabberd-secrets stays" in said) == kept, "where it is made, and kept"
    in_mnesia = name != "cluster"
    assert ("are in Mnesia" in said) == (in_mnesia and name != "oldest")
    assert ("are lost with the pod" in said) == (name == "oldest")
    assert ("token mint" in said) == ("issuers" not in values)
    assert ("token check" in said) == ("issuers" in values)
    assert ("self-signed" in said) == ("tls" not in values)
    assert ("get service xmpp-ejabberd-turn" in said) == (name == "calls")
    assert ("is 203.0.113.7, the address of the node" in said) == (name == "hostnetwork")
    assert ("get ingress xmpp-ejabberd" in said) == (name in ("calls", "eks", "gke"))
    assert ("the Gateway public" in said) == (name == "cluster")


def test_a_vhost_may_have_an_upload_address_of_its_own():
    assert render(url("https://u.example/", own=True))


def test_a_host_is_all_that_is_needed():
    assert len(render({"hosts": ["a.example"]})) > 8


def test_public_keys_are_no_secrets():
    items = render({"hosts": ["a.example"], **keys(PUBLIC)})
    assert "11qYAYKxCrfVS" in one(items, "ConfigMap", "-sidecar")["data"]["issuer-0.jwks"]


@pytest.mark.parametrize("accept", ["bearer", ["bearer"], ["v", "bearer"]])
def test_the_scheme_of_slots_may_be_named(accept):
    assert render({"hosts": ["a.example"], **config(upload={"accept": accept})})


@pytest.mark.parametrize(
    ("endpoint", "port"),
    [
        ("", 443),
        ("https://s3.example", 443),
        ("http://s3.example", 80),
        ("https://s3.example:9000", 9000),
        ("http://[2001:db8::1]:3900/", 3900),
        ("https://[2001:db8::1]", 443),
    ],
)
def test_the_policy_lets_the_pods_reach_the_bucket(endpoint, port):
    store = {"kind": "s3", "s3": {**S3["s3"], "endpoint": endpoint}}
    values = {"uploads": {"store": store}, "secrets": {"s3": KEY}, "networkPolicy": {"egressPorts": []}}
    rules = one(render({"hosts": ["a.example"], "ejabberd": {"federation": False}, **values}), "NetworkPolicy")
    ports = [found["port"] for rule in rules["spec"]["egress"] for found in rule["ports"]]
    assert ports == [53, 53, 5210, port]
