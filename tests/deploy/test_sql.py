"""The rendered pod on a real PostgreSQL, over TLS that is verified: who makes the tables, and what outlives the pod."""

from contextlib import contextmanager

import pytest

from charts import render
from network import Bucket, Postgres, garage, network, postgres
from pod import running, until
from podman import EJABBERDS, podman, standing_for
from users import archive, befriend, get, knows, login, nobody_is_online, put, roster, say, signed, token

SECRETS = {"sql": {"value": Postgres.password}}


def values(version, **more):
    database = {"enabled": True, "host": "postgres.example", "caConfigMap": {"name": "postgres-ca"}}
    image = {"image": {"tag": version}}
    return {"hosts": ["example.org"], "ejabberd": image, "sql": database, "secrets": SECRETS, **more}


def image_file(version, path):
    return podman("run", "--rm", "--entrypoint", "cat", standing_for(f"ejabberd:{version}"), path).stdout


class Cluster:
    """Pods of one release, on the database and the bucket that all have."""

    def __init__(self, folder, hub, database, version):
        self.folder, self.hub, self.database = folder, hub, database
        self.version = version
        if version == EJABBERDS[0]:
            # One that does not make them.
            tables = database.folder / "tables.sql"
            tables.write_text(image_file(version, "/usr/share/ejabberd/sql/pg.new.sql"))
            database.load("-f", tables)

    def install(self, **more):
        self.items = render(values(self.version, **more))

    @contextmanager
    def pod(self, name, **more):
        """One with empty volumes, but for what it claimed when it was lost."""
        more["existing"] = {"postgres-ca": {"ca.crt": self.database.authority.read_bytes()}}
        with running(self.folder / name, self.items, network=self.hub, **more) as pod:
            pod.start_all()
            yield pod


@pytest.fixture(params=EJABBERDS)
def cluster(request, tmp_path):
    with network() as hub, postgres() as database:
        yield Cluster(tmp_path, hub, database, request.param)


def test_what_was_said_outlives_the_pod_and_its_volumes(cluster):
    cluster.install()
    with cluster.pod("one") as pod:
        assert login(pod, token(pod, "bob"), "bob") == "success", "who never did is nobody"
        say(pod, "alice", "bob", "kept in SQL")
        befriend(pod, "alice", "bob")
        assert "kept in SQL" in archive(pod, "bob")
        assert pod.stop_all() == {"ejabberd": 0, "reload": 0, "sidecar": 0}
    assert cluster.database.sql("select count(*) from archive") == "2"
    # Its password is rotated as well.
    cluster.database.sql("alter role ejabberd password 'the-next-password'")
    cluster.install(secrets={"sql": {"value": "the-next-password"}})
    with cluster.pod("two") as pod:
        assert "kept in SQL" in archive(pod, "bob")
        assert "bob@example.org" in roster(pod, "alice")


def test_an_upgrade_keeps_what_is_there_and_brings_the_tables_up_to_date(tmp_path):
    with network() as hub, postgres() as database:
        cluster = Cluster(tmp_path, hub, database, EJABBERDS[0])
        cluster.install()
        with cluster.pod("old") as old:
            assert login(old, token(old, "bob"), "bob") == "success"
            say(old, "alice", "bob", "kept")
            befriend(old, "alice", "bob")
            old.stop_all()
        assert database.sql("select to_regclass('schema_version')") == ""
        cluster.version = EJABBERDS[1]
        cluster.install()
        with cluster.pod("new", lost=old) as new:
            assert "kept" in archive(new, "bob")
            assert "bob@example.org" in roster(new, "alice")
            say(new, "alice", "bob", "after")
            assert "after" in archive(new, "bob")
            assert "[error]" not in new.ejabberd_log()
        assert int(database.sql("select version from schema_version where module = 'mod_mam_sql'")) >= 1


def nodes(pod):
    return len(pod.run("ejabberd", "ejabberdctl", "list_cluster").stdout.split())


@pytest.mark.parametrize("cluster", EJABBERDS[1:], indirect=True)
def test_a_pod_of_several_is_lost_and_comes_back(cluster):
    bucket = Bucket()
    secrets = SECRETS | {"s3": {"value": bucket.secret}}
    with garage(cluster.folder, bucket):
        cluster.install(replicas=2, clustering={"enabled": True}, uploads=bucket.uploads, secrets=secrets)
        with cluster.pod("first") as first:
            with cluster.pod("second", ordinal=1) as second:
                assert nodes(first) == nodes(second) == 2
                # What one takes, the other one has.
                url = signed(first, "shared.txt", 5)
                assert put(first, url) == "201"
                assert get(second, url) == "hello"
                assert put(second, url) == "409"
                assert login(second, token(second, "bob"), "bob") == "success"
                until(lambda: knows(first, "bob"))
                say(first, "alice", "bob", "before")
                assert "before" in archive(second, "bob")
            # What is for a session on a lost node is lost as well, until ejabberd knows of it.
            until(lambda: nodes(first) == 1 and nobody_is_online(first))
            assert login(first, token(first)) == "success"
            say(first, "alice", "bob", "meanwhile")
            with cluster.pod("again", ordinal=1, lost=second) as again:
                assert nodes(first) == nodes(again) == 2
                assert "meanwhile" in archive(again, "bob")
                assert get(again, url) == "hello"
