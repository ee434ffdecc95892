"""The component at real ejabberd when something goes wrong, or somebody asks for too much."""

import asyncio
import re
import urllib.request
from collections import Counter
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from slixmpp.exceptions import IqError

from harness import component, raw_xmpp, web_xmpp
from harness.ports import free_ports
from harness.processes import wait_until
from harness.secrecy import secret
from harness.server import Server
from harness.sidecar import Sidecar
from harness.xmpp import talk

FOREIGN = "elsewhere.example"
# A vhost of the same ejabberd that is none of the sidecar's, and takes everybody.
FOREIGN_VHOST = f"""
append_host_config:
  {FOREIGN}:
    auth_method: [anonymous]
"""
ERRORS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


def installation(data, **limits) -> Server:
    environment = {
        f"EJABBERD_SIDECAR__LIMITS__{name}": str(limit) for name, limit in limits.items()
    }
    made = Server(data, data / "store", environment, UP_SLOTS="component")
    made.ejabberd.let_clients_hurry()
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = installation(tmp_path_factory.mktemp("faults"))
    local = made.ejabberd.config.with_name("local.yml")
    ours = 'XMPP_HOSTS: ["localhost"]'
    assert ours in local.read_text()
    local.write_text(local.read_text().replace(ours, f'XMPP_HOSTS: ["localhost", "{FOREIGN}"]'))
    with made.ejabberd.config.open("a") as config:
        config.write(FOREIGN_VHOST)
    made.start()
    component.connected(made.sidecar)
    yield made
    assert made.stop() == (0, 0)


@pytest.fixture
def generous(tmp_path):
    """Whoever asks for a slot gets one, however often."""
    made = installation(tmp_path / "data", SLOTS_PER_MINUTE=1_000_000)
    made.start()
    component.connected(made.sidecar)
    yield made
    assert made.stop() == (0, 0)


def slot(server, user):
    return talk(server, lambda client: component.ask(client, "a", "1"), user)


def test_one_who_asks_ten_thousand_times_harms_nobody(server):
    async def flood():
        answers = Counter()
        token = server.sidecar.mint("mallory@localhost")
        async with web_xmpp.session(server.ejabberd, "mallory", token) as mallory:

            async def ask():
                for at in range(10_000):
                    await mallory.send(component.REQUEST % at)

            asking = asyncio.create_task(ask())
            for _ in range(10_000):
                answer = await mallory.answer()
                waits = answer.find(f".//{ERRORS}resource-constraint") is not None
                answers[answer.get("id"), answer.get("type"), waits] += 1
            await asking
        return answers

    async def meanwhile(client):
        flooding = asyncio.create_task(flood())
        slots = []
        while not flooding.done():
            slots.append(await component.ask(client, "a", "1"))
            await asyncio.wait({flooding}, timeout=1.5)
        return slots, await flooding

    slots, answers = talk(server, meanwhile, "grace@localhost")

    assert all(slot.put for slot in slots)
    assert set(answers.values()) == {1}, "each is answered once"
    kinds = Counter((kind, waits) for _, kind, waits in answers)
    # A minute may have ended meanwhile.
    assert 60 <= kinds["result", False] <= 240
    assert kinds["result", False] + kinds["error", True] == 10_000


def test_who_asks_too_often_is_told_when_to_come_back(server):
    async def ask(client):
        asked = [component.ask(client, "a", "1") for _ in range(200)]
        return await asyncio.gather(*asked, return_exceptions=True)

    answers = talk(server, ask, "mike@localhost")
    refused = [answer for answer in answers if isinstance(answer, IqError)]

    assert len(refused) >= 80
    error = refused[0].iq["error"]
    assert (error["condition"], error["type"]) == ("resource-constraint", "wait")
    assert "too many uploads within a minute" in error["text"]
    assert component.retry(refused[0].iq.xml)
    assert slot(server, "grace@localhost").put


def test_strangers_get_nothing(server):
    disco = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
    since = server.sidecar.log_length()

    async def ask():
        async with web_xmpp.guest(server.ejabberd, FOREIGN) as stranger:
            assert stranger.jid.endswith(f"@{FOREIGN}")
            await stranger.send(component.REQUEST % "slot")
            slot = await stranger.answer_to("slot")
            await stranger.send(
                f"<iq xmlns='jabber:client' type='get' id='info' to='upload.localhost'>{disco}</iq>"
            )
            return slot, await stranger.answer_to("info")

    slot, info = asyncio.run(ask())

    assert slot.find(f".//{ERRORS}forbidden") is not None
    assert slot.findtext(f".//{ERRORS}text") == "this service is for users of its own server"
    server.sidecar.wait_for_log(f'slot: .*@{FOREIGN}".* outcome="refused" reason="stranger"', since)
    assert info.get("type") == "result"
    assert "max-file-size" not in [each.get("var") for each in info.iter()]


def test_ejabberd_restarts(server):
    server.ejabberd.stop()
    gone = "component: not connected"
    wait_until("it is noticed", lambda: gone in component.ready(server.sidecar))
    server.ejabberd.start()
    component.connected(server.sidecar)

    assert slot(server, "heidi@localhost").put


def test_ejabberd_restarts_under_load(generous):
    """Who was not answered asks again; nobody hears twice of one question."""
    sidecar, answers, asked = generous.sidecar, Counter(), 0

    async def hurry(user: str, stopped: asyncio.Event):
        nonlocal asked
        token = sidecar.mint(f"{user}@localhost")
        async with web_xmpp.session(generous.ejabberd, user, token) as session:

            async def listen():
                while True:
                    answer = await session.answer()
                    assert answer.get("type") == "result"
                    answers[answer.get("id")] += 1

            listening = asyncio.create_task(listen())
            while not stopped.is_set() and not listening.done():
                await session.send(component.REQUEST % f"{user}-{asked}")
                asked += 1
                await asyncio.sleep(0.002)
            listening.cancel()
            # The connection ends with ejabberd.
            with suppress(asyncio.CancelledError, ConnectionError, TypeError):
                await listening

    async def load():
        stopped = asyncio.Event()
        hurrying = [asyncio.create_task(hurry(f"user{n}", stopped)) for n in range(4)]
        while len(answers) < 200:
            assert not any(each.done() for each in hurrying), hurrying
            await asyncio.sleep(0.01)
        await asyncio.to_thread(generous.ejabberd.stop)
        stopped.set()
        ended = await asyncio.gather(*hurrying, return_exceptions=True)
        assert not [error for error in ended if isinstance(error, AssertionError)]

    asyncio.run(load())
    generous.ejabberd.start()
    component.connected(sidecar)

    assert set(answers.values()) == {1}
    assert len(answers) <= sidecar.count("slots", "issued") <= asked
    assert slot(generous, "heidi@localhost").put


def test_two_sidecars_serve_one_name(generous, tmp_path):
    first = generous.sidecar
    public, hook, ops = free_ports(3)
    folder = tmp_path / "second"
    (folder / "logs").mkdir(parents=True)
    text = first.config.read_text()
    for name, port in {"public": public, "hook": hook, "ops": ops}.items():
        text, changed = re.subn(rf'(?m)^{name} = ".*"$', f'{name} = "127.0.0.1:{port}"', text)
        assert changed == 1, name
    (folder / "sidecar.toml").write_text(text)
    second = Sidecar(folder, public, ops, {"EJABBERD_SIDECAR__LIMITS__SLOTS_PER_MINUTE": "1000000"})
    second.start()
    component.connected(second)

    async def ask(client):
        return [await component.ask(client, "a", "4") for _ in range(40)]

    slots = talk(generous, ask)
    issued = [each.count("slots", "issued") for each in (first, second)]
    assert sum(issued) == 40, "each request is answered by one of them"
    assert all(issued), "both answer"
    for each in slots[:6]:
        # Whoever issued it, the other takes the file.
        for sidecar, status in ((second, 201), (first, 409)):
            there = each.put.replace(first.public_url, sidecar.public_url)
            assert (
                component.put(component.Slot(there, each.headers, each.get), b"data").status
                == status
            )

    async def while_one_stops(client):
        stopping = asyncio.create_task(asyncio.to_thread(second.stop))
        lost = 0
        while not stopping.done():
            try:
                await asyncio.wait_for(component.ask(client, "a", "4"), 10)
            except TimeoutError:
                lost += 1
        return lost, await stopping

    lost, code = talk(generous, while_one_stops)
    assert code == 0
    # What crosses the end of the stream on its way is lost: ejabberd does not take it back.
    assert lost <= 1
    assert len(talk(generous, ask)) == 40


def test_a_wrong_secret_is_named_and_logins_go_on(tmp_path):
    data = tmp_path / "data"
    other = tmp_path / "other.secret"
    other.write_text(secret("wrong-secret-0123456789abcdef"))
    wrong = {"EJABBERD_SIDECAR__COMPONENT__SECRET_FILE": str(other)}
    server = Server(data, stored_in=data / "store", environment=wrong, UP_SLOTS="component")
    server.start()

    server.sidecar.wait_for_log("component upload.localhost: .* component.secret", 0)
    token = server.sidecar.mint("alice@localhost")
    assert raw_xmpp.login(server.ejabberd, "alice", token).jid == "alice@localhost"
    assert "component: not connected" in component.ready(server.sidecar)
    assert server.stop() == (0, 0)


def test_ejabberd_may_come_later(tmp_path):
    data = tmp_path / "data"
    server = Server(data, stored_in=data / "store", UP_SLOTS="component")
    server.sidecar.start()

    server.sidecar.wait_for_log("component upload.localhost: .* cannot be reached", 0)
    token = server.sidecar.mint("alice@localhost")
    question = {"user": "alice", "server": "localhost", "pass": token}
    answer = urllib.request.urlopen(
        f"{server.hook_url}/check_password", urlencode(question).encode()
    )
    assert answer.read() == b"true"
    told = re.findall(
        "component upload.localhost: .* cannot be reached", server.sidecar.log.read_text()
    )
    assert len(told) == 1
    server.ejabberd.start()
    component.connected(server.sidecar)
    assert slot(server, "alice@localhost").put
    assert server.stop() == (0, 0)
