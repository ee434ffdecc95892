"""The rendered pod on a real PostgreSQL, over TLS that is verified: who makes the tables, and what outlives the pod."""

import os

import pytest

from charts import render
from network import Postgres, network, postgres
from pod import ejabberd, running
from users import archive, befriend, login, roster, say, token


def values(version, **more):
    database = {"enabled": True, "host": "postgres.example", "caConfigMap": {"name": "postgres-ca"}}
    secrets = {"sql": {"value": Postgres.password}, "cookie": {"value": "the-same-cookie-of-both"}}
    image = {"image": {"tag": version.partition("-")[0]}}
    return {"hosts": ["example.org"], "ejabberd": image, "sql": database, "secrets": secrets, **more}


def tables_of(root):
    """ejabberd's description of its tables, which older versions do not make."""
    return f"{root}/usr/share/ejabberd/sql/pg.new.sql"


@pytest.fixture(params=["", "newest"])
def start(request, tmp_path):
    """Starts a pod with empty volumes on the database that all have."""
    root, libs, version = ejabberd(request.param)
    items = render(values(version))
    with network() as hub, postgres(tmp_path, hub) as database:
        if not request.param:
            database.load("-f", tables_of(root))
        authority = {"postgres-ca": {"ca.crt": database.authority.read_bytes()}}

        def pod(name):
            more = {"usr": f"{root}/usr" if root else "", "libs": libs, "existing": authority}
            return running(tmp_path / name, items, os.environ["SIDECAR"], **more)

        pod.hub, pod.database = hub, database
        yield pod


def test_what_was_said_outlives_the_pod_and_its_volumes(start):
    with start("one") as pod:
        start.hub.attach(pod)
        pod.start_all()
        assert login(pod, token(pod, "bob"), "bob") == "success", "who never did is nobody"
        say(pod, "alice", "bob", "kept in SQL")
        befriend(pod, "alice", "bob")
        assert "kept in SQL" in archive(pod, "bob")
        pod.stop_all()
        assert "kept in SQL" not in pod.ejabberd_log()
    assert start.database.sql("select count(*) from archive") == "2"
    with start("two") as pod:
        start.hub.attach(pod)
        pod.start_all()
        assert "kept in SQL" in archive(pod, "bob")
        assert "bob@example.org" in roster(pod, "alice")
