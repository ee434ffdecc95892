"""A changed configuration: what both programs read while they run, and what starts the pods anew."""

import pytest

from charts import one, render
from pod import running, until
from podman import EJABBERDS
from users import api, ask, login, put, signed, token

HOSTS = {"hosts": ["example.org"], "tls": {"reloadSeconds": 1}}


def template(values):
    return one(render(values), "StatefulSet")["spec"]["template"]


def starts_anew(more, before=None):
    """Whether these values, beside the others, start the pods anew."""
    return template({**HOSTS, **(before or {})}) != template({**HOSTS, **more})


def keys(text):
    return {"issuers": [{"issuer": "https://a.example", "jwks": text}]}


def test_what_can_be_read_again_starts_nothing():
    assert not starts_anew({"uploads": {"maxSize": "1MiB"}})
    assert not starts_anew({"ejabberd": {"extraConfig": "language: de"}})
    assert not starts_anew({"sidecar": {"config": {"limits": {"uploads": 9}}}})
    assert not starts_anew({"hosts": ["example.org", "example.net"]})
    assert not starts_anew(keys('{"keys": []}'), keys('{"keys": [{}]}'))


@pytest.mark.parametrize(
    "more",
    [
        {"ejabberd": {"extauthPool": 5}},
        {"sidecar": {"config": {"store": {"sync": False}}}},
        {"sidecar": {"log": {"format": "human"}}},
        {"secrets": {"cookie": {"value": "cookie-given-0123456789"}}},
        {"issuers": [{"issuer": "https://a.example", "pem": "-"}]},
        {"issuers": [{"issuer": "https://a.example", "secret": {"value": "0" * 32}}]},
        {"sql": {"enabled": True, "host": "db", "ssl": False}, "secrets": {"sql": {"value": "x"}}},
        {"reload": "restart"},
    ],
)
def test_what_cannot_starts_the_pods_anew(more):
    assert starts_anew(more)


def test_all_does_where_that_was_asked_for():
    values = {**HOSTS, "reload": "restart"}
    assert template(values) == template(values)
    assert template(values) != template({**values, "uploads": {"maxSize": "1MiB"}})
    assert template(values) != template({**values, "ejabberd": {"extraConfig": "language: de"}})


@pytest.fixture(params=EJABBERDS)
def pod(request, tmp_path):
    image = {"image": {"tag": request.param}}

    def rendered(more="", **values):
        return render({**HOSTS, **values, "ejabberd": {**image, "extraConfig": more}})

    with running(tmp_path, rendered()) as pod:
        pod.rendered = rendered
        pod.start_all()
        yield pod


def test_both_programs_read_what_changed_and_nothing_restarts(pod):
    before = pod.begun()
    time = "type='get' to='example.org'><time xmlns='urn:xmpp:time'/>"
    assert "<utc>" not in ask(pod, "alice", time)
    assert api(pod, "check_account?user=ejabberd-probe&host=example.net") != "0"
    changed = {"hosts": ["example.org", "example.net"], "uploads": {"maxSize": "4B"}}
    pod.update(pod.rendered("modules: {mod_time: {}}", **changed), "conf", "sidecar")
    until(lambda: "ejabberd has read it" in pod.log("reload"))
    until(lambda: put(pod, signed(pod, "large.txt", 5)) == "413")
    assert "<utc>" in ask(pod, "alice", time)
    # By ejabberd, of the sidecar.
    assert api(pod, "check_account?user=ejabberd-probe&host=example.net") == "0"
    assert pod.begun() == before
    assert login(pod, token(pod)) == "success"
    assert all(pod.probe(name, "readinessProbe") for name in ("ejabberd", "sidecar"))


def test_a_mistake_changes_nothing_and_is_told(pod):
    before, password = pod.begun(), token(pod)
    mistakes = pod.rendered("modules: {mod_colour: {}}", sidecar={"config": {"upload": {"colour": 1}}})
    pod.update(mistakes, "conf", "sidecar")
    until(lambda: "ejabberd refuses its configuration" in pod.log("reload"))
    until(lambda: "not reloaded" in pod.log("sidecar"))
    assert "upload.colour" in pod.log("sidecar")
    assert "mod_colour" in pod.ejabberd_log()
    assert pod.begun() == before
    assert login(pod, password) == "success"
    pod.update(pod.rendered(), "conf", "sidecar")
    until(lambda: "ejabberd has read it" in pod.log("reload"))
    until(lambda: "reloaded: the configuration counts" in pod.log("sidecar"))
