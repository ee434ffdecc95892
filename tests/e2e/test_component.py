"""The component at real ejabberd: clients find it, upload by its slots, and are told why not."""

import asyncio
import os

import pytest
from slixmpp.exceptions import IqError

from harness import component, raw_xmpp, web, web_xmpp
from harness.component import CURRENT, OLDER
from harness.go_sendxmpp import go_sendxmpp
from harness.server import Server
from harness.xmpp import talk

MAX_SIZE = 104857600


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("component")
    made = Server(data, stored_in=data / "store", UP_SLOTS="component")
    made.ejabberd.let_clients_hurry()
    made.start()
    component.connected(made.sidecar)
    yield made
    assert made.stop() == (0, 0)


def test_it_is_found_and_a_file_goes_up_and_down(server):
    content = os.urandom(100_000)

    async def upload(client):
        info = await client.plugin["xep_0363"].find_upload_service()
        assert info["from"].bare == "upload.localhost"
        features, largest = await component.features(client)
        assert {CURRENT, OLDER} <= features
        assert largest == {CURRENT: str(MAX_SIZE), OLDER: str(MAX_SIZE)}
        return await client.upload("photo.png", content)

    since = server.sidecar.log_length()
    url = talk(server, upload)

    assert web.download(url) == content
    assert server.has_stored(content)
    server.sidecar.wait_for_log('upload.* user="alice@localhost".* outcome="stored"', since)


def test_go_sendxmpp_sends_a_file(server, tmp_path):
    content = os.urandom(5000)
    file = tmp_path / "note.bin"
    file.write_bytes(content)

    async def receive(client):
        token = server.sidecar.mint("bob@localhost")
        arguments = ["--http-upload", str(file), "alice@localhost"]
        sending = asyncio.to_thread(
            go_sendxmpp, tmp_path, server.ejabberd, "bob@localhost", token, *arguments
        )
        client.send_presence()
        await sending
        return (await asyncio.wait_for(client.inbox.get(), 30))["body"]

    since = server.sidecar.log_length()
    assert web.download(talk(server, receive)) == content
    issued = 'slot user="bob@localhost".*door="component" outcome="issued"'
    server.sidecar.wait_for_log(issued, since)


def test_a_client_that_drops_the_header_is_refused(server):
    slot = talk(server, lambda client: component.ask(client, "a", "4"), "peggy@localhost")
    since = server.sidecar.log_length()

    refused = web.put(slot.put, b"data")

    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    server.sidecar.wait_for_log('upload.* outcome="refused" reason="bearer_missing"', since)
    assert component.put(slot, b"data").status == 201


@pytest.mark.parametrize("namespace", [CURRENT, OLDER])
def test_slots_of_both_protocols(server, namespace):
    content = os.urandom(1000)
    slot = talk(server, lambda c: component.ask(c, "a b.png", "1000", "image/png", namespace))

    assert ("Authorization" in slot.headers) == (namespace == CURRENT)
    assert component.put(slot, content, "image/png").status == 201
    assert web.get(slot.get).headers["Content-Type"] == "image/png"
    assert component.put(slot, content, "image/png").status == 409


LONG = "n" * 10_000
REFUSED = [
    ("too large", ("a", str(MAX_SIZE + 1)), "not-acceptable", "too large", "too_large"),
    ("huge", ("a", "9" * 40), "not-acceptable", "too large", "too_large"),
    ("negative", ("a", "-1"), "bad-request", "not a number", "slot_request_malformed"),
    ("no number", ("a", "many"), "bad-request", "not a number", "slot_request_malformed"),
    ("no size", ("a", None), "bad-request", "how large", "slot_request_malformed"),
    ("no name", (None, "1"), "bad-request", "names no file", "slot_request_malformed"),
    ("empty name", ("", "1"), "bad-request", "names no file", "slot_request_malformed"),
    ("no type", ("a", "1", "x"), "bad-request", "content-type", "slot_request_malformed"),
]


@pytest.mark.parametrize(
    ("wanted", "condition", "text", "reason"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_who_gets_no_slot_is_told_why(server, wanted, condition, text, reason):
    since = server.sidecar.log_length()
    with pytest.raises(IqError) as refused:
        talk(server, lambda c: component.ask(c, *wanted), "carol@localhost")

    error = refused.value.iq["error"]
    assert error["condition"] == condition
    assert text in error["text"]
    told = component.largest(refused.value.iq.xml)
    assert told == (str(MAX_SIZE) if condition == "not-acceptable" else None)
    server.sidecar.wait_for_log(f'slot: .*"carol@localhost".*reason="{reason}"', since)


@pytest.mark.parametrize(
    "name", [LONG, "../../etc/passwd", "a/b\\c", "\u202egpj.exe", "a\nb.txt", "مرحبا.png", ".."]
)
def test_every_name_gets_a_slot_that_works(server, name):
    slot = talk(server, lambda c: component.ask(c, name, "4"), "dave@localhost")

    assert component.put(slot, b"data").status == 201
    assert web.download(slot.get) == b"data"


# Not deeper: 5000 end ejabberd 23.01, whoever it is for.
DEEP = "<a>" * 500 + "</a>" * 500
ODD = [
    "<iq type='get' id='x' to='upload.localhost'/>",
    "<iq type='get' id='x' to='upload.localhost'><undeclared:ping/></iq>",
    f"<iq type='get' id='x' to='upload.localhost'><a b='{'x' * 20000}'/></iq>",
    f"<iq type='get' id='x' to='upload.localhost'>{DEEP}</iq>",
    f"<iq type='get' id='x' to='upload.localhost'>{'<a/>' * 5000}</iq>",
    "<iq type='get' id='x' to='upload.localhost'><a xmlns='&lt;&amp;&#10;' b='&#9;'/></iq>",
    "<iq type='nothing' id='x' to='upload.localhost'><a/></iq>",
    "<iq type='get' to='upload.localhost'><ping xmlns='urn:xmpp:ping'/></iq>",
    "<presence to='upload.localhost'><priority>999</priority></presence>",
    "<message to='upload.localhost'><body>hello</body></message>",
    "<message type='error' to='upload.localhost'/>",
    "<iq type='get' id='x' to='somebody@upload.localhost/r'><ping xmlns='urn:xmpp:ping'/></iq>",
]


@pytest.mark.parametrize("stanza", ODD, ids=range(len(ODD)))
def test_what_one_client_sends_does_not_cut_off_the_others(server, stanza):
    since = server.sidecar.log_length()
    raw_xmpp.say(server.ejabberd, "eve", server.sidecar.mint("eve@localhost"), stanza.encode())

    slot = talk(server, lambda c: component.ask(c, "a", "1"), "frank@localhost")

    assert slot.get
    assert "component upload.localhost" not in server.sidecar.log.read_text()[since:]


# Servers bound what comes over TCP. What comes over WebSocket ejabberd passes on, however large.
MANY = 20 * 1024 * 1024
HUGE = {
    "text": "&amp;" * (MANY // 5),
    "attribute": f"<a b='{'&gt;' * (MANY // 4)}'/>",
    "name": f"<{'n' * MANY}/>",
    "children": "<a>b</a>" * (MANY // 80),
}


@pytest.mark.parametrize("part", HUGE)
def test_a_huge_stanza_of_one_client_is_refused_and_the_others_are_served_on(server, part):
    since = server.sidecar.log_length()
    huge = f"<iq xmlns='jabber:client' type='get' id='huge' to='upload.localhost'>{HUGE[part]}</iq>"

    async def send_huge():
        token = server.sidecar.mint("eve@localhost")
        async with web_xmpp.session(server.ejabberd, "eve", token) as eve:
            await eve.send(huge)
            return await eve.answer_to("huge")

    async def around(client):
        sending = asyncio.create_task(send_huge())
        slots = [await component.ask(client, "before", "1")]
        while not sending.done():
            slots.append(await component.ask(client, "meanwhile", "1"))
            # Not so often that he is told to wait.
            await asyncio.wait({sending}, timeout=2)
        return [*slots, await component.ask(client, "behind", "1")], await sending

    slots, answer = talk(server, around, f"ivan-{part}@localhost")

    assert all(slot.put for slot in slots)
    assert len(slots) >= 2
    assert answer.get("type") == "error"
    assert answer.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}bad-request") is not None
    assert "component upload.localhost" not in server.sidecar.log.read_text()[since:]
