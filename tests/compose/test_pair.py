"""The compose file with real containers, with the newest and with the oldest ejabberd. The tests of
one pair follow on each other: it is started from nothing by the first, and stopped by the last."""

import asyncio
import os
import subprocess

import aiohttp
import pytest

from client import Client, fetched, lets_in
from composition import ROOT, services
from pair import wait_until


@pytest.fixture(scope="module")
def pair(made, tmp_path_factory):
    """Everything is started in the worst order: each before what it needs."""
    for service in (
        "ready",
        "ejabberd",
        "tables",
        "sidecar",
        "bucket",
        "s3",
        "postgres",
        "bridge",
        "init",
    ):
        made.start(service)
    made.wait_until_ready()
    return made


@pytest.fixture(scope="module")
def certificate(pair, tmp_path_factory):
    copy = tmp_path_factory.mktemp("tls") / "tls.crt"
    copy.write_text((pair.volume("sidecar-settings") / "tls.crt").read_text())
    return str(copy)


def test_it_comes_up_in_the_worst_order_and_says_so(pair):
    wait_until("`ready` is done", lambda: pair.state("ready")["Status"] == "exited", pair.all_logs)
    assert pair.state("ready")["ExitCode"] == 0
    assert "ejabberd and ejabberd-sidecar are running." in pair.logs("ready")


@pytest.mark.parametrize("service", ["ejabberd", "postgres", "s3", "sidecar"])
def test_every_health_check_says_well(pair, service):
    check = services()[service]["healthcheck"]["test"][1:]
    wait_until(f"{service} is well", lambda: pair.succeeds(service, *check), pair.all_logs)


def test_a_token_logs_in_and_a_wrong_one_does_not(pair, certificate):
    assert asyncio.run(lets_in("alice", pair.token("alice"), certificate))
    assert not asyncio.run(lets_in("alice", pair.token("bob"), certificate))


def test_an_upload_by_the_component_is_in_the_bucket(pair, certificate):
    assert (
        asyncio.run(uploaded(pair, certificate, b"Hello from compose.")) == b"Hello from compose."
    )


async def uploaded(pair, certificate, content: bytes) -> bytes:
    client = Client("alice", pair.token("alice"), certificate)
    assert await client.login()
    slot = await client.plugin["xep_0363"].request_slot(
        "upload.localhost", "hello.txt", len(content), "text/plain"
    )
    await client.disconnect()
    slot = slot["http_upload_slot"]
    headers = {each.attrib["name"]: each.text for each in slot["put"].xml}
    async with aiohttp.ClientSession() as web:
        put = web.put(
            slot["put"]["url"], data=content, headers=headers | {"Content-Type": "text/plain"}
        )
        async with put as answer:
            assert answer.status == 201, await answer.text()
    return await asyncio.to_thread(fetched, slot["get"]["url"])


def test_messages_are_in_the_archive_of_postgresql(pair, certificate):
    async def talk():
        alice = Client("alice", pair.token("alice"), certificate)
        bob = Client("bob", pair.token("bob"), certificate)
        assert await alice.login()
        assert await bob.login()
        alice.send_message("bob@localhost", "kept in PostgreSQL", mtype="chat")
        message = await asyncio.wait_for(bob.inbox.get(), 30)
        await alice.disconnect()
        await bob.disconnect()
        return message["body"]

    assert asyncio.run(talk()) == "kept in PostgreSQL"
    query = "select count(*) from archive where txt = 'kept in PostgreSQL'"
    wait_until("both archives have it", lambda: pair.sql(query) == "2")


def test_hurl(pair, tmp_path):
    """The tests of an installation; its hook is a socket, its ops listener on an inner network."""
    variables = tmp_path / "variables.env"
    lines = (ROOT / "hurl-tests/variables.env").read_text()
    lines += f"\nhook=unix:{pair.volume('hook') / 'hook.sock'}\n"
    lines += f"ops=http://{pair.address('sidecar', 'pair')}:8082\n"
    variables.write_text(lines)
    # errors.hurl is for a sidecar that takes no tokens in headers, and so is no component.
    names = ("hook", "upload", "download", "cors", "ops")
    files = [ROOT / f"hurl-tests/{name}.hurl" for name in names]
    done = subprocess.run(
        [ROOT / "scripts/hurl-tests", pair.volume("sidecar-settings") / "sidecar.toml", *files],
        env=os.environ
        | {"VARIABLES": str(variables), "SIDECAR": str(pair.volume("bridge") / "ejabberd-sidecar")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr + done.stdout


def test_ejabberds_api_answers_the_sidecar_and_nobody_else(pair):
    asked = ("/bin/wget", "-q", "-O", "-")
    api = f"http://{pair.address('ejabberd', 'pair')}:5281/api/v0"
    there = f"{api}/check_account?user=ejabberd-probe&host=localhost"
    assert pair.succeeds("sidecar", *asked, there)
    # Not on the networks on which it meets others, and no command but those listed.
    for network in ("clients", "sql"):
        elsewhere = f"/dev/tcp/{pair.address('ejabberd', network)}/5281"
        assert not pair.succeeds("postgres", "bash", "-c", f"exec 3<>{elsewhere}")
    assert not pair.succeeds("sidecar", *asked, f"{api}/stop?x=y")


def test_the_inner_networks_do_not_lead_out(pair):
    for service in ("postgres",):
        routes = pair.exec(service, "cat", "/proc/net/route").splitlines()[1:]
        assert not [line for line in routes if line.split()[1] == "00000000"]


def test_no_secret_is_in_a_log_an_environment_or_a_command_line(pair):
    secrets = pair.secrets()
    assert len(secrets) == 9
    told = {service: pair.logs(service) for service in pair.services}
    told |= {f"inspect {each}": str(pair.inspected(each)) for each in pair.services}
    told |= {
        f"processes of {each}": pair.processes(each)
        for each in ("ejabberd", "sidecar", "postgres", "s3")
    }
    found = [
        (name, where)
        for name, secret in secrets.items()
        for where, text in told.items()
        if secret in text
    ]
    # The id of a key is no secret, and Garage tells it.
    assert not [(name, where) for name, where in found if name != "s3-key-id"]


def test_settings_are_written_anew_and_secrets_kept(pair):
    before = pair.secrets()
    pair.start("init", "bridge", "bucket")
    for service in ("init", "bridge"):
        wait_until(
            f"{service} is done", lambda service=service: pair.state(service)["Status"] == "exited"
        )
        assert pair.state(service)["ExitCode"] == 0, pair.logs(service)
    assert pair.secrets() == before


@pytest.mark.parametrize("service", ["sidecar", "ejabberd", "postgres", "s3"])
def test_each_part_comes_back_and_all_works_again(pair, certificate, service):
    pair.crash(service)
    pair.wait_until_ready()
    assert asyncio.run(lets_in("carol", pair.token("carol"), certificate))
    assert asyncio.run(uploaded(pair, certificate, b"again")) == b"again"


def test_an_ejabberd_whose_logins_are_dead_for_good_is_started_again(pair, certificate):
    """It gives up its login program when that ends at once, and says that it is well."""
    before = pair.state("ejabberd")["StartedAt"]
    program = pair.volume("bridge") / "ejabberd-sidecar"
    away = program.with_name("away")
    program.rename(away)
    try:
        for pid in pair.pids_of("ejabberd-sidecar extauth"):
            os.kill(pid, 9)
        wait_until("logins are dead", lambda: not pair.healthy())
    finally:
        away.rename(program)
    wait_until(
        "it is started again", lambda: pair.state("ejabberd")["StartedAt"] != before, pair.all_logs
    )
    pair.wait_until_ready()
    assert asyncio.run(lets_in("alice", pair.token("alice"), certificate))


def test_it_stops_cleanly(pair):
    pair.stop("ejabberd", "sidecar", "postgres", "s3")
    assert "is stopped in the node" in pair.logs("ejabberd")
    for service in ("ejabberd", "sidecar", "postgres"):
        assert pair.state(service)["ExitCode"] == 0, pair.logs(service)[-2000:]


def test_what_was_kept_is_there_after_a_new_start(pair, certificate):
    pair.start("sidecar", "ejabberd", "postgres", "s3")
    pair.wait_until_ready()
    assert pair.sql("select count(*) from archive where txt = 'kept in PostgreSQL'") == "2"
    assert asyncio.run(lets_in("alice", pair.token("alice"), certificate))
