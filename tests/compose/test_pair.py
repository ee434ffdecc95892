"""The compose file with real containers, with the newest and with the oldest ejabberd. The tests of
one pair follow on each other: it is started from nothing by the first, and stopped by the last."""

import asyncio
import base64
import os
import subprocess
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from aioice.stun import TransactionFailed

from calls import relayed, services_of
from client import fetched, lets_in, said, uploaded
from composition import ROOT, services
from converse import Converse
from pair import PATIENCE, PUBLIC_ADDRESS, wait_until
from web import outcomes

WEB = "http://localhost:8088"
NO_PROXY = urllib.request.ProxyHandler({})
# A PNG of two pixels.
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR4nGM4"
    "IQcEJwAHIwIJ5FiIOQAAAABJRU5ErkJggg=="
)

CONFIG = "/etc/ejabberd-sidecar/sidecar.toml"


@pytest.fixture(scope="module")
def pair(made, tmp_path_factory):
    """Everything is started in the worst order: each before what it needs."""
    for service in (
        "ready",
        "web",
        "turn",
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


@pytest.mark.parametrize("service", ["ejabberd", "postgres", "s3", "sidecar", "turn", "web"])
def test_every_health_check_says_well(pair, service):
    check = services()[service]["healthcheck"]["test"][1:]
    wait_until(f"{service} is well", lambda: pair.succeeds(service, *check), pair.all_logs)


def test_a_token_logs_in_and_a_wrong_one_does_not(pair, certificate):
    assert asyncio.run(lets_in("alice", pair.token("alice"), certificate))
    assert not asyncio.run(lets_in("alice", pair.token("bob"), certificate))


def test_an_upload_by_the_component_is_in_the_bucket(pair, certificate):
    address = uploaded(pair, certificate, b"Hello from compose.")
    assert fetched(address) == b"Hello from compose."


def test_messages_are_in_the_archive_of_postgresql(pair, certificate):
    assert said(pair, certificate, "kept in PostgreSQL") == "kept in PostgreSQL"
    query = "select count(*) from archive where txt = 'kept in PostgreSQL'"
    wait_until("both archives have it", lambda: pair.sql(query) == "2")


def test_a_call_finds_its_way_by_the_relay(pair, certificate):
    services = asyncio.run(services_of("alice", pair.token("alice"), certificate))
    assert {(each["type"], each["transport"]) for each in services} == {
        ("stun", "udp"),
        ("turn", "udp"),
        ("turn", "tcp"),
    }
    assert {(each["host"], each["port"]) for each in services} == {(PUBLIC_ADDRESS, "3478")}
    relays = [each for each in services if each["type"] == "turn"]
    assert all(each["username"] and each["password"] for each in relays)
    for relay in relays:
        asyncio.run(passed_on(relay))


async def passed_on(relay: dict[str, str]) -> None:
    alice, bob = await relayed(relay), await relayed(relay)
    for each in (alice, bob):
        host, port = each.address
        assert host == PUBLIC_ADDRESS
        assert 49160 <= port <= 49259
    # Nobody hears from those to whom he has not spoken: so either of them does, until both have.
    heard = set()
    for _ in range(PATIENCE):
        alice.send(b"hello bob", bob.address)
        bob.send(b"hello alice", alice.address)
        heard |= set(await asyncio.gather(alice.comes(1), bob.comes(1)))
        if heard >= {b"hello bob", b"hello alice"}:
            return
    pytest.fail(f"all that came: {heard}")


def test_the_relay_is_for_users_and_leads_nowhere_inside(pair, certificate):
    services = asyncio.run(services_of("alice", pair.token("alice"), certificate))
    relay = next(each for each in services if each.get("username"))
    with pytest.raises(TransactionFailed, match="401"):
        asyncio.run(relayed(relay | {"password": "guessed"}))
    for inside in ("127.0.0.1", pair.address("ejabberd", "pair"), "192.168.1.1", "169.254.1.1"):
        assert "403" in str(asyncio.run(refused(relay, inside))), inside


async def refused(relay: dict[str, str], host: str) -> Exception:
    alice = await relayed(relay)
    alice.send(b"x", (host, 5281))
    return await alice.comes(PATIENCE)


def test_the_web_client_logs_in_and_sends_a_picture(pair, tmp_path):
    """Over http on localhost, and with a certificate of ejabberd's that no browser trusts."""
    picture = tmp_path / "picture.png"
    picture.write_bytes(base64.b64decode(PICTURE))
    browser = Converse(tmp_path / "saved")
    try:
        browser.log_in(f"{WEB}/", "alice@localhost", pair.token("alice"), "bob@localhost")
        browser.send_file(picture)
        address, *size = browser.wait_for_picture()
        if kept := os.environ.get("SCREENSHOTS"):
            browser.driver.save_screenshot(f"{kept}/compose-{pair.version}.png")
        asked = browser.requests()
        refused = browser.refused_by_its_policy()
    finally:
        browser.driver.quit()
    assert size == [2, 1]
    assert fetched(address) == picture.read_bytes()
    hosts = {urlsplit(each.url).hostname for each in asked if each.url.startswith("http")}
    assert hosts == {"localhost"}, "the page asks nobody but us"
    # Logos of Converse.js's sponsors, below its form.
    assert all("https://conversejs.org/" in each for each in refused), refused


def test_the_web_clients_server_has_a_page_and_nothing_else(pair):
    def status(path: str, **headers: str) -> int:
        request = urllib.request.Request(f"{WEB}{path}", headers=headers)
        try:
            return urllib.request.build_opener(NO_PROXY).open(request, timeout=30).status
        except urllib.error.HTTPError as refusal:
            return refusal.code

    assert status("/dist/converse.min.js") == 200
    for path in ("/dist/", "/api/v0/status", "/admin", "/.well-known/host-meta", "/tls.key"):
        assert status(path) == 404, path
    # By http, nobody is led to type a token into a page that came from afar.
    assert status("/", Host="chat.example.org") == 421


def test_who_guesses_by_the_web_client_is_banned_alone(pair):
    """Not everybody who comes by its server."""
    socket = f"{WEB.replace('http', 'ws')}/ws"
    good = pair.token("alice")
    assert outcomes(socket, "alice", [good], PUBLIC_ADDRESS) == ["success"]
    guesses = outcomes(socket, "dave", ["guessed"] * 20, PUBLIC_ADDRESS)
    assert guesses[0] == "failure"
    assert "success" not in guesses
    assert outcomes(socket, "alice", [good], PUBLIC_ADDRESS) != ["success"]
    assert outcomes(socket, "alice", [good], "127.0.0.1") == ["success"]


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
    api = f"http://{pair.address('ejabberd', 'pair')}:5281/api/v0"
    there = f"{api}/check_account?user=ejabberd-probe&host=localhost"
    assert pair.reaches("sidecar", there)
    # Not on the networks on which it meets others, and no command but those listed.
    for network in ("clients", "sql"):
        elsewhere = f"/dev/tcp/{pair.address('ejabberd', network)}/5281"
        assert not pair.succeeds("postgres", "bash", "-c", f"exec 3<>{elsewhere}")
    assert not pair.reaches("sidecar", f"{api}/stop?x=y")


def test_config_check_asks_ejabberd_from_where_the_sidecar_is(pair):
    asked = ("/ejabberd-sidecar", "config", "check", "--config", CONFIG)
    said = pair.exec("sidecar", *asked, check=False)
    assert "is running" in said, said


def test_the_inner_networks_do_not_lead_out(pair):
    for service in ("postgres",):
        routes = pair.exec(service, "cat", "/proc/net/route").splitlines()[1:]
        assert not [line for line in routes if line.split()[1] == "00000000"]


def test_no_secret_is_in_a_log_an_environment_or_a_command_line(pair):
    secrets = pair.secrets()
    assert len(secrets) == 10
    told = {service: pair.logs(service) for service in pair.services}
    told |= {f"inspect {each}": str(pair.inspected(each)) for each in pair.services}
    told |= {
        f"processes of {each}": pair.processes(each)
        for each in ("ejabberd", "sidecar", "postgres", "s3", "turn", "web")
    }
    found = [
        (name, where)
        for name, secret in secrets.items()
        for where, text in told.items()
        if secret in text
    ]
    # The id of a key is no secret, and Garage tells it.
    assert not [(name, where) for name, where in found if name != "s3-key-id"]


def changed(pair) -> list[int]:
    """When folders were last given to somebody, or shut. Nothing comes or goes in these."""
    return [pair.volume(each).stat().st_ctime_ns for each in ("postgres-data", "s3-data")]


def test_settings_are_written_anew_and_secrets_kept(pair):
    """By each `up`, and whoever is running does not notice."""
    before, folders = pair.secrets(), changed(pair)
    pair.start("init", "bridge", "bucket")
    for service in ("init", "bridge"):
        wait_until(
            f"{service} is done", lambda service=service: pair.state(service)["Status"] == "exited"
        )
        assert pair.state(service)["ExitCode"] == 0, pair.logs(service)
    assert pair.secrets() == before
    assert changed(pair) == folders


@pytest.mark.parametrize("service", ["sidecar", "ejabberd", "postgres", "s3"])
def test_each_part_comes_back_and_all_works_again(pair, certificate, service):
    pair.crash(service)
    pair.wait_until_ready()
    assert asyncio.run(lets_in("carol", pair.token("carol"), certificate))
    assert fetched(uploaded(pair, certificate, b"again")) == b"again"


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
