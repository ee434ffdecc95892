"""Two pods: one with an empty database joins the other, once; so does one whose volume was lost, the first as well."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from charts import render
from network import network
from pod import running, until
from podman import EJABBERDS
from users import login, token

MEMBERS = ["ejabberdctl", "list_cluster"]


class Cluster:
    """Pods of one release, each on the network from its start on."""

    def __init__(self, folder, hub, version):
        self.folder, self.hub = folder, hub
        cookie = {"cookie": {"value": "the-same-cookie-of-both"}}
        values = {"hosts": ["example.org"], "clustering": {"enabled": True}, "secrets": cookie}
        self.items = render({**values, "ejabberd": {"image": {"tag": version}}})

    @contextmanager
    def pod(self, name, ordinal, **more):
        with running(self.folder / name, self.items, ordinal=ordinal, network=self.hub, **more) as pod:
            yield pod


@pytest.fixture(params=EJABBERDS)
def cluster(request, tmp_path):
    with network() as hub:
        yield Cluster(tmp_path, hub, request.param)


def members(pod):
    return sorted(line.strip("'") for line in pod.run("ejabberd", *MEMBERS).stdout.split())


def names(*pods):
    return sorted(f"ejabberd@{pod.address}" for pod in pods)


def pending(pod):
    return (pod.volumes / "database" / ".join-pending").exists()


def test_a_pod_with_a_database_of_its_own_keeps_it(cluster):
    with cluster.pod("first", 0) as first, cluster.pod("second", 1) as second:
        (second.volumes / "database" / "schema.DAT.old").write_text("something")
        second.start_all()
        first.start_all()
        assert members(first) == names(first)
        assert members(second) == names(second)


def test_who_has_nothing_joins_whether_new_or_lost(cluster):
    with cluster.pod("first", 0) as first:
        first.start_all()
        assert members(first) == names(first)
        assert not pending(first)
        with cluster.pod("second", 1) as second:
            second.start_all()
            both = names(first, second)
            assert members(first) == members(second) == both
            assert not pending(second)
            second.stop_all()
            second.start_all()
            assert members(first) == members(second) == both
        # Its volume is lost.
        with cluster.pod("another", 1) as second:
            second.start_all()
            assert members(first) == members(second) == both
            assert login(first, token(first, "bob"), "bob") == "success"
            lose_the_first(cluster, first, second)


def lose_the_first(cluster, first, second):
    """It would found a cluster of its own, beside which what is left of the old one, silent now, would not start."""
    first.remove()
    second.end_ejabberd()
    with cluster.pod("again", 0) as again, ThreadPoolExecutor() as threads:
        starting = threads.submit(again.start_all)
        until(lambda: pending(again))
        second.start("ejabberd")
        starting.result(300)
        assert members(again) == members(second) == names(again, second)
        assert login(again, token(again, "bob"), "bob") == "success"
