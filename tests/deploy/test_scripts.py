"""The scripts of the pod by themselves: secrets with odd characters, and who joins a cluster."""

import os
import subprocess

import pytest
import yaml

from charts import CHART

SCRIPTS = CHART / "files" / "scripts"


def run(script, environment, path="", *words):
    given = {"PATH": f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"], **environment}
    return subprocess.run(["sh", SCRIPTS / script, *words], env=given, capture_output=True, text=True, timeout=60)


@pytest.fixture
def configure(tmp_path):
    """Runs configure.sh with its absolute paths below a folder."""
    script = (SCRIPTS / "configure.sh").read_text()
    for path in ("/run/secrets/ejabberd", "/run/ejabberd"):
        script = script.replace(path, f"{tmp_path}{path}")
        (tmp_path / path[1:]).mkdir(parents=True)
    (tmp_path / "run/secrets/ejabberd/macros").mkdir()
    for name in ("database", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "run/secrets/ejabberd/cookie").write_text("cookie\n")

    def call(secrets, **more):
        for name, text in secrets.items():
            (tmp_path / "run/secrets/ejabberd/macros" / name).write_text(text)
        names = {"DATABASE": "database", "HOME": "home"}
        environment = {key: str(tmp_path / name) for key, name in names.items()}
        environment |= {"PATH": os.environ["PATH"], "POD_NAME": "xmpp-1", **more}
        return subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True)

    call.folder = tmp_path
    return call


@pytest.mark.parametrize("secret", ["plain", 'quo"te', "back\\slash", "$HOME `id` 'x'", "a: b # c", "{x}", "é"])
def test_a_secret_arrives_whatever_is_in_it(configure, secret):
    done = configure({"S": f"\n  {secret} \nold-one\n"})
    assert done.returncode == 0, done.stderr
    local = yaml.safe_load((configure.folder / "run/ejabberd/local.yml").read_text())
    assert local == {"define_macro": {"S": secret}}
    assert done.stdout + done.stderr == ""


def test_an_empty_secret_stops_the_start(configure):
    done = configure({"S": " \n"})
    assert done.returncode != 0
    assert "the secret S is empty" in done.stderr


def test_the_cookie_has_no_end_of_line(configure):
    assert configure({}).returncode == 0
    cookie = configure.folder / "home/.erlang.cookie"
    assert cookie.read_text() == "cookie"
    assert configure({}).returncode == 0, "a second start"


@pytest.mark.parametrize(
    ("there", "first", "pending"),
    [
        ([], "xmpp-0", True),
        (["lost+found"], "xmpp-0", True),
        (["schema.DAT"], "xmpp-0", False),
        (["ejabberd@xmpp-1"], "xmpp-0", False),
        ([], "xmpp-1", True),
        (["schema.DAT"], "xmpp-1", False),
        ([], "", False),
    ],
)
def test_only_a_pod_without_anything_joins(configure, there, first, pending):
    for name in there:
        (configure.folder / "database" / name).touch()
    assert configure({}, CLUSTER_FIRST=first).returncode == 0
    assert (configure.folder / "database/.join-pending").exists() == pending


@pytest.fixture
def stand_ins(tmp_path):
    """Programs in place of those of this machine: in a folder, with the lines of a shell script each."""

    def make(**programs):
        for name, lines in programs.items():
            file = tmp_path / name
            file.write_text(f"#!/bin/sh\n{lines}\n")
            file.chmod(0o755)
        return tmp_path

    return make


# An ejabberdctl that writes down what it is told.
TOLD = 'echo "$@" >>"$DATABASE/told"\n'
SECOND = "xmpp-1.headless.chat"


def environment(folder, **more):
    return {"DATABASE": str(folder), "CLUSTER_FIRST": "xmpp-0", "CLUSTER_DOMAIN": "headless.chat", **more}


@pytest.mark.parametrize(
    ("pod", "others", "joined"),
    [
        ("xmpp-0", {}, None),
        ("xmpp-0", {"xmpp-1": "['ejabberd@xmpp-1.headless.chat']"}, None),
        ("xmpp-0", {"xmpp-1": "['ejabberd@xmpp-1.headless.chat','ejabberd@xmpp-0.headless.chat']"}, "xmpp-1"),
        ("xmpp-0", {"xmpp-1": None, "xmpp-2": "['ejabberd@xmpp-0.headless.chat']"}, "xmpp-2"),
        ("xmpp-1", {"xmpp-0": "['ejabberd@xmpp-0.headless.chat']"}, "xmpp-0"),
        ("xmpp-1", {"xmpp-0": "['ejabberd@xmpp-10.headless.chat']"}, "xmpp-0"),
        ("xmpp-1", {"xmpp-0": "[]", "xmpp-2": "['ejabberd@xmpp-1.headless.chat']"}, "xmpp-2"),
        ("xmpp-1", {"xmpp-0": "[]", "xmpp-1": None}, "xmpp-0"),
    ],
)
def test_who_is_joined_by_a_pod_without_anything(stand_ins, pod, others, joined):
    folder = stand_ins(**cluster_of(others), sleep="")
    (folder / ".join-pending").touch()
    done = run("peers.sh", environment(folder, POD_NAME=pod), str(folder))
    assert done.returncode == 0, done.stderr
    if joined:
        assert (folder / ".join-pending").read_text() == f"{joined}.headless.chat\n"
    else:
        assert not (folder / ".join-pending").exists()


@pytest.mark.parametrize("pod", ["xmpp-0", "xmpp-1"])
def test_a_pod_without_anything_does_not_start_while_another_one_is_silent(stand_ins, pod):
    others = {"xmpp-0": "[]", "xmpp-1": "[]", "xmpp-2": None}
    folder = stand_ins(**cluster_of(others), sleep="")
    (folder / ".join-pending").touch()
    done = run("peers.sh", environment(folder, POD_NAME=pod), str(folder))
    assert done.returncode != 0
    assert "xmpp-2.headless.chat does not answer" in done.stderr
    assert (folder / ".join-pending").read_text() == ""


def cluster_of(others):
    """What DNS knows of, and what each node of Erlang says of its schema; None: nothing."""
    here = "|".join(f"{name}.headless.chat" for name in others) or "nobody"
    answers = [f'*@{name}.headless.chat) echo "{text}" ;;' for name, text in others.items() if text]
    known = f"case $2 in {here}) ;; *) exit 1 ;; esac"
    return {"getent": known, "nslookup": "exit 1", "ejabberdctl": f"case $2 in {' '.join(answers)} *) exit 3 ;; esac"}


def test_it_joins_whom_it_was_told_and_only_once(stand_ins):
    members = "case $1 in list_cluster) echo \"'ejabberd@a'\"; echo \"'ejabberd@b'\" ;; esac"
    folder = stand_ins(ejabberdctl=TOLD + members)
    (folder / ".join-pending").write_text(f"{SECOND}\n")
    assert run("join.sh", environment(folder), str(folder)).returncode == 0
    told = (folder / "told").read_text().splitlines()
    assert told == ["started", f"join_cluster ejabberd@{SECOND}", "list_cluster", "started"]
    assert run("join.sh", environment(folder), str(folder)).returncode == 0
    assert len((folder / "told").read_text().splitlines()) == 4


@pytest.mark.parametrize("script", ["peers.sh", "join.sh"])
def test_one_that_has_a_database_is_never_told_to_join(stand_ins, script):
    folder = stand_ins(ejabberdctl=TOLD)
    assert run(script, environment(folder, POD_NAME="xmpp-1"), str(folder)).returncode == 0
    assert not (folder / "told").exists()


def test_a_join_that_failed_is_tried_again(stand_ins):
    folder = stand_ins(ejabberdctl='[ "$1" = started ]')
    (folder / ".join-pending").write_text(f"{SECOND}\n")
    assert run("join.sh", environment(folder), str(folder)).returncode != 0
    assert (folder / ".join-pending").read_text() == f"{SECOND}\n"


@pytest.mark.parametrize("runs", [True, False])
def test_tables_are_made_before_ejabberd_or_the_pod_does_not_start(tmp_path, runs):
    """By an ejabberd that runs until it is stopped, and by one that ends by itself."""
    life = f"until [ -e {tmp_path}/stopped ]; do sleep 0.1; done" if runs else "exit 1"
    lines = ["#!/bin/sh", "shift 8", f"case $1 in foreground) {life} ;; status) {str(runs).lower()} ;;"]
    lines += [f"stop) : >{tmp_path}/stopped ;;", "esac"]
    file = tmp_path / "ejabberdctl"
    file.write_text("\n".join(lines))
    file.chmod(0o755)
    done = run("tables.sh", {"CONF": "/conf"}, str(tmp_path))
    assert (done.returncode == 0) == (tmp_path / "stopped").exists() == runs, done.stderr
    assert ("did not make its tables" in done.stderr) == (not runs)


# What versions of ejabberd answer about a user who exists, and what is none of that.
YES = ["0", " 0 ", '{"stat":0}', '{ "stat" : 0 }', '{"res":0}']
NO = ["1", '{"stat":1}', '{"stat":10}', "10", "00", "", '{"stat":0', '{"status":"error","message":"0"}', "<p>0</p>"]

# The next line of the file `answers`, as long as there is one; and whether the sidecar works.
CURL = r"""for url; do :; done
case $url in
*/readyz) exit "$SIDECAR" ;;
*/check_account\?user=ejabberd-probe\&host=example.org) ;;
*) exit 3 ;;
esac
[ -s "$DATABASE/answers" ] || exit 22
head -n 1 "$DATABASE/answers"
sed -i 1d "$DATABASE/answers"
"""


@pytest.fixture
def probe(stand_ins):
    """Whether the probe holds, where ejabberd gives these answers, one after the other, and no more."""

    def call(kind, *answers, sidecar=True):
        folder = stand_ins(curl=CURL, sleep="")
        (folder / "answers").write_text("".join(f"{answer}\n" for answer in answers))
        given = environment(folder, PROBE_HOST="example.org", SIDECAR="0" if sidecar else "22")
        return run("probe.sh", given, str(folder), kind).returncode == 0

    return call


@pytest.mark.parametrize("kind", ["ready", "alive"])
@pytest.mark.parametrize(("answers", "holds"), [(YES, True), (NO, False)])
def test_a_probe_takes_what_any_version_answers_and_nothing_else(probe, kind, answers, holds):
    """Trap: they differ in how they write a number."""
    assert [answer for answer in answers if probe(kind, answer, answer) != holds] == []


def test_an_ejabberd_that_says_no_is_alive_while_the_sidecar_is_away(probe):
    assert not probe("ready", "1", "1", sidecar=False)
    assert probe("alive", "1", "1", sidecar=False)
    assert probe("alive", sidecar=False), "nor does one that is silent end everybody's sessions"
    assert not probe("alive")
    assert probe("alive", "1", "0"), "the sidecar came back between the two questions"
