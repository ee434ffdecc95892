"""Two pods with a wire between their networks: the second joins the first, once, and only with an empty database."""

import os
import subprocess

import pytest

from charts import render
from pod import ejabberd, running

ADDRESSES = ["10.255.0.1", "10.255.0.2"]
MEMBERS = ["ejabberdctl", "list_cluster"]


def connect(pods):
    """A wire, and the names of both, as the headless service has them."""
    pids = [str(pod.pid) for pod in pods]
    wire = ["ip", "link", "add", "wire0", "netns", pids[0], "type", "veth", "peer", "name", "wire1", "netns", pids[1]]
    subprocess.run(wire, check=True)
    names = "".join(f"{ip} {pod.address}\n" for ip, pod in zip(ADDRESSES, pods, strict=True))
    for number, pod in enumerate(pods):
        for words in (["addr", "add", f"{ADDRESSES[number]}/24", "dev"], ["link", "set", "up", "dev"]):
            done = pod.outside("ip", *words, f"wire{number}")
            assert done.returncode == 0, done.stderr
        (pod.volumes / "etc" / "hosts").write_text(f"127.0.0.1 localhost\n{names}")


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
        running(tmp_path / "0", items, sidecar, **more) as first,
        running(tmp_path / "1", items, sidecar, ordinal=1, **more) as second,
    ):
        connect([first, second])
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
