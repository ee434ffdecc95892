"""Two pods: the second joins the first, once, and only with an empty database."""

import os

import pytest

from charts import render
from network import network
from pod import ejabberd, running

MEMBERS = ["ejabberdctl", "list_cluster"]


@pytest.fixture(params=["", "newest"])
def pods(request, tmp_path):
    root, libs, version = ejabberd(request.param)
    tag = version.partition("-")[0]
    cookie = {"cookie": {"value": "the-same-cookie-of-both"}}
    values = {"hosts": ["example.org"], "clustering": {"enabled": True}, "secrets": cookie}
    items = render({**values, "ejabberd": {"image": {"tag": tag}}})
    more = {"usr": f"{root}/usr" if root else "", "libs": libs}
    sidecar = os.environ["SIDECAR"]
    with (
        network() as hub,
        running(tmp_path / "0", items, sidecar, **more) as first,
        running(tmp_path / "1", items, sidecar, ordinal=1, **more) as second,
    ):
        hub.attach(first)
        hub.attach(second)
        yield first, second


def members(pod):
    return sorted(line.strip("'") for line in pod.run("ejabberd", *MEMBERS).stdout.split())


def test_an_empty_pod_joins_and_a_restarted_one_is_still_there(pods):
    first, second = pods
    both = sorted(f"ejabberd@{pod.address}" for pod in pods)
    first.start_all()
    assert members(first) == both[:1]
    second.start_all()
    assert members(first) == members(second) == both
    assert not (second.volumes / "database" / ".join-pending").exists()
    second.stop_all()
    second.start_all()
    assert members(first) == members(second) == both


def test_a_pod_with_a_database_of_its_own_keeps_it(pods):
    first, second = pods
    first.start_all()
    (second.volumes / "database" / "schema.DAT.old").write_text("something")
    second.start_all()
    assert members(first) == [f"ejabberd@{first.address}"]
    assert members(second) == [f"ejabberd@{second.address}"]
