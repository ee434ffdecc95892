"""Secrets stand in Secrets and nowhere else; what was made is kept."""

import base64

import pytest
import yaml

from charts import CHART, NAMES, containers, helm, objects, one, pods, render, values_file
from cluster import cluster
from pod import running
from users import get, login, put, signed, token

IDS = ["upload", "component", "issuer", "cookie", "turn", "sql", "s3"]
# All that there are: a value for each.
GIVEN = {name: f"{name}-given-0123456789abcdef0123456789abcdef" for name in IDS}
ALL = {
    "hosts": ["a.example"],
    "turn": {"enabled": True, "mode": "external", "address": "turn.example"},
    "sql": {"enabled": True, "host": "db", "verify": False},
    "uploads": {"store": {"kind": "s3", "s3": {"bucket": "b", "accessKeyId": "k"}}},
}


def data(items):
    found = one(items, "Secret", "-secrets")["data"]
    return {key: base64.b64decode(value).decode() for key, value in found.items()}


def installed(items, release="xmpp"):
    """The Secrets of a release as they lie in the cluster: helm writes whose they are."""
    owner = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "chat"}
    found = {}
    for item in items:
        if item["kind"] == "Secret":
            item["metadata"].setdefault("annotations", {}).update(owner)
            found[item["metadata"]["name"]] = item
    return found


def sources(items, where):
    """Which Secret and key a path in the pod's volumes comes from."""
    pod = dict(pods(items))[where]
    found = {}
    for volume in pod["volumes"]:
        for source in volume.get("projected", {}).get("sources", []):
            for item in source.get("secret", {}).get("items", []):
                found[item["path"]] = (source["secret"]["name"], item["key"])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_outside_of_secrets(name):
    items = objects(name)
    secrets = [item for item in items if item["kind"] == "Secret"]
    values = {base64.b64decode(value).decode() for item in secrets for value in item["data"].values()}
    elsewhere = yaml.safe_dump_all([item for item in items if item["kind"] != "Secret"], width=10**6)
    assert not [value for value in values if value in elsewhere or yaml.safe_dump(value)[1:-2] in elsewhere]
    for _, pod in pods(items):
        for container in containers(pod):
            sources = [entry.get("valueFrom", {}) for entry in container.get("env", [])]
            assert not [source for source in sources if "secretKeyRef" in source]
            assert "envFrom" not in container


def test_given_secrets_are_taken_as_they_are():
    items = render({**ALL, "secrets": {name: {"value": value} for name, value in GIVEN.items()}})
    assert data(items) == GIVEN
    elsewhere = yaml.safe_dump_all([item for item in items if item["kind"] != "Secret"])
    assert "given-0123" not in elsewhere


def test_existing_secrets_are_referred_to_and_none_is_made():
    existing = {name: {"existingSecret": {"name": f"my-{name}", "key": f"key-{name}"}} for name in IDS}
    items = render({**ALL, "secrets": existing, "tls": {"existingSecret": "my-tls"}})
    assert [item for item in items if item["kind"] == "Secret"] == []
    paths = {
        "cookie": "cookie",
        "macros/COMPONENT_SECRET": "component",
        "macros/SQL_PASSWORD": "sql",
        "macros/TURN_SECRET": "turn",
        "secrets/component": "component",
        "secrets/issuer": "issuer",
        "secrets/s3": "s3",
        "secrets/upload": "upload",
    }
    wanted = {path: (f"my-{name}", f"key-{name}") for path, name in paths.items()}
    assert sources(items, "xmpp-ejabberd") == wanted


def test_the_key_of_an_existing_secret_may_be_left_out():
    items = render({"hosts": ["a.example"], "secrets": {"cookie": {"existingSecret": {"name": "mine"}}}})
    assert sources(items, "xmpp-ejabberd")["cookie"] == ("mine", "cookie")


def test_secrets_are_made_and_differ():
    made = data(render({"hosts": ["a.example"]}))
    assert made.keys() == {"upload", "cookie", "issuer", "component"}
    assert len(set(made.values())) == 4
    assert all(len(value) == 48 for value in made.values())
    again = data(render({"hosts": ["a.example"]}))
    assert not set(made.values()) & set(again.values())


PASSWORD = {"sql": {"enabled": True, "host": "db", "verify": False}}
ELSEWHERE = {name: {"existingSecret": {"name": "mine"}} for name in IDS if name != "sql"}
SECRETS = [{}, {"sql": {"value": "hunter2"}}, {**ELSEWHERE, "sql": {"value": "hunter2"}}]


def upgraded(values, arguments, kept):
    """What helm renders, asking the cluster, which then has it."""
    text = helm("template", "xmpp", CHART, "--values", "-", *arguments, input=yaml.safe_dump(values))
    kept.update(installed(item for item in yaml.safe_load_all(text) if item))
    return text


def secrets_sum(text):
    found = one([item for item in yaml.safe_load_all(text) if item], "StatefulSet")
    return found["spec"]["template"]["metadata"]["annotations"]["checksum/secrets"]


@pytest.mark.parametrize("secrets", SECRETS, ids=["made", "a password", "a password alone"])
def test_a_second_upgrade_changes_nothing(secrets, tmp_path):
    """helm asks the cluster for what it made the first time."""
    values = {"hosts": ["a.example"], **(PASSWORD if secrets else {}), "secrets": secrets}
    kept = {}
    with cluster(tmp_path, kept) as arguments:
        first, second = (upgraded(values, arguments, kept) for _ in range(2))
    assert len(kept) == 2
    assert first == second


@pytest.mark.parametrize("name", NAMES)
def test_a_second_upgrade_of_any_values_changes_nothing(name, tmp_path):
    values, kept = yaml.safe_load(values_file(name).read_text()), {}
    with cluster(tmp_path, kept) as arguments:
        first, second = (upgraded(values, arguments, kept) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("secrets", SECRETS[1:], ids=["a password", "a password alone"])
def test_a_password_cannot_be_guessed_by_its_sum(secrets):
    """Two installations with the same one show different sums."""
    values = yaml.safe_dump({"hosts": ["a.example"], **PASSWORD, "secrets": secrets})
    one_of, other = (secrets_sum(helm("template", "xmpp", CHART, "--values", "-", input=values)) for _ in range(2))
    assert one_of != other


def test_a_changed_password_starts_the_pods_anew(tmp_path):
    values = {"hosts": ["a.example"], **PASSWORD}
    kept = {}
    with cluster(tmp_path, kept) as arguments:
        sums = [
            secrets_sum(upgraded({**values, "secrets": {"sql": {"value": word}}}, arguments, kept))
            for word in ("hunter2", "hunter2", "hunter3")
        ]
    assert sums[0] == sums[1] != sums[2]


def test_a_host_name_is_all_that_has_to_be_given(tmp_path):
    """What helm makes of it, asking a cluster that has nothing yet, is a server."""
    with cluster(tmp_path, {}) as arguments:
        text = helm("template", "xmpp", CHART, "--set", "hosts[0]=example.org", *arguments)
    items = [item for item in yaml.safe_load_all(text) if item]
    with running(tmp_path / "pod", items) as pod:
        pod.start_all()
        assert login(pod, token(pod)) == "success"
        url = signed(pod, "hello.txt", 5)
        assert put(pod, url) == "201"
        assert get(pod, url) == "hello"


def test_what_was_made_is_kept_when_more_is_needed(tmp_path):
    first = render({"hosts": ["a.example"]})
    kept = installed(first)
    values = yaml.safe_dump({**ALL, "secrets": {name: {"value": GIVEN[name]} for name in ("turn", "sql", "s3")}})
    with cluster(tmp_path, kept) as arguments:
        text = helm("template", "xmpp", CHART, "--values", "-", *arguments, input=values)
    now = data([item for item in yaml.safe_load_all(text) if item])
    assert now == {**data(first), **{name: GIVEN[name] for name in ("turn", "sql", "s3")}}


def test_made_secrets_start_no_pod_anew_and_given_ones_do():
    def checksum(secrets):
        items = render({"hosts": ["a.example"], "secrets": secrets})
        return one(items, "StatefulSet")["spec"]["template"]["metadata"]["annotations"]

    assert checksum({}) == checksum({})
    assert checksum({}) != checksum({"cookie": {"value": GIVEN["cookie"]}})


def test_they_outlive_the_release_unless_that_is_turned_off():
    policy = "helm.sh/resource-policy"
    made = one(render({"hosts": ["a.example"]}), "Secret", "-secrets")["metadata"]
    assert made["annotations"][policy] == "keep"
    assert "annotations" not in one(objects("oldest"), "Secret", "-secrets")["metadata"]
