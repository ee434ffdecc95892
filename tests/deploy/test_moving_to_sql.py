"""What docs/deploy.md says of going from Mnesia to PostgreSQL, done."""

import shlex

import pytest

from network import network, postgres
from pages import blocks, page
from podman import EJABBERDS
from test_sql import Cluster
from test_upgrade import fill, kept, pod_of
from users import ask

PAGE = page("deploy").partition("### From Mnesia to PostgreSQL\n")[2]
COMMANDS = blocks(PAGE, "sh")[0].splitlines()
WRITES = [
    "type='set'><vCard xmlns='vcard-temp'><FN>kept</FN></vCard>",
    "type='set'><query xmlns='jabber:iq:private'><x xmlns='x'>kept</x></query>",
    "type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='a:node'>"
    "<item id='current'><x xmlns='x'>kept</x></item></publish></pubsub>",
]
READS = [
    "type='get'><vCard xmlns='vcard-temp'/>",
    "type='get'><query xmlns='jabber:iq:private'><x xmlns='x'/></query>",
    "type='get'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='a:node'/></pubsub>",
]


def words(program):
    [line] = [line for line in COMMANDS if program in line]
    return shlex.split(line)


@pytest.mark.parametrize("version", EJABBERDS)
def test_what_was_in_mnesia_is_in_sql(tmp_path, version):
    with pod_of(tmp_path / "mnesia", version) as old:
        fill(old)
        for query in WRITES:
            ask(old, "alice", query)
        old.stop_all()
    with network() as hub, postgres() as database:
        cluster = Cluster(tmp_path, hub, database, version)
        cluster.install()
        with cluster.pod("sql", lost=old) as pod:
            assert kept(pod) == (False, False)
            export = words(" export2sql ")
            pod.run("ejabberd", *export[export.index("--") + 1 :])
            exported = database.folder / "exported.sql"
            exported.write_bytes((pod.volumes / "database" / "example.org.sql").read_bytes())
            exported.chmod(0o644)
            options = words("psql ")[2:-1]
            assert options == ["--single-transaction", "--set", "ON_ERROR_STOP=1", "--file"]
            database.load(*options, exported)
            assert pod.end_ejabberd() == 0
            pod.start("ejabberd")
            assert kept(pod) == (True, True)
            for query in READS:
                assert "kept" in ask(pod, "alice", query)
