"""What docs/deploy.md says of backups and upgrades, on real databases."""

import os
from contextlib import contextmanager

import pytest

from charts import render
from pod import running
from podman import EJABBERDS
from users import archive, befriend, login, roster, say, token

BACKUP = "/opt/ejabberd/database/backup"


@contextmanager
def pod_of(folder, version, **more):
    items = render({"hosts": ["example.org"], "ejabberd": {"image": {"tag": version}}})
    with running(folder, items, **more) as pod:
        pod.start_all()
        yield pod


def fill(pod):
    assert login(pod, token(pod, "bob"), "bob") == "success"
    befriend(pod, "alice", "bob")
    say(pod, "alice", "bob", "kept")


def kept(pod):
    """Alice's friend, and what she told him."""
    return "bob@example.org" in roster(pod, "alice"), "<body>kept</body>" in archive(pod, "bob")


def backup(pod):
    pod.run("ejabberd", "ejabberdctl", "backup", BACKUP)
    return (pod.volumes / "database" / "backup").read_bytes()


def bring_back(pod, contents):
    """Everything as it was; `ejabberdctl restore` leaves out most modules' tables, archives among them."""
    file = pod.volumes / "database" / "backup"
    file.write_bytes(contents)
    os.chown(file, pod.user, pod.user)
    pod.run("ejabberd", "ejabberdctl", "install_fallback", BACKUP)
    assert pod.end_ejabberd() == 0
    pod.start("ejabberd")


@pytest.mark.parametrize("version", EJABBERDS)
def test_a_backup_of_mnesia_comes_back_into_an_empty_volume(tmp_path, version):
    with pod_of(tmp_path / "lost", version) as lost:
        fill(lost)
        contents = backup(lost)
    with pod_of(tmp_path / "new", version) as pod:
        assert kept(pod) == (False, False)
        bring_back(pod, contents)
        assert kept(pod) == (True, True)


def test_an_upgrade_keeps_mnesia_and_the_way_back_needs_the_backup(tmp_path):
    before, after = EJABBERDS
    with pod_of(tmp_path / "old", before) as old:
        fill(old)
        contents = backup(old)
        old.stop_all()
    with pod_of(tmp_path / "new", after, lost=old) as new:
        assert kept(new) == (True, True)
        new.stop_all()
    with pod_of(tmp_path / "back", before, lost=new) as back:
        bring_back(back, contents)
        assert kept(back) == (True, True)
