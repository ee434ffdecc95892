"""What ejabberd-config/ offers to clients."""

import asyncio
import secrets
from xml.etree import ElementTree

import pytest
from slixmpp.exceptions import IqError

from harness.slots import FORM
from harness.xmpp import logged_in

# What each client asks first.
FEATURES = {
    "urn:xmpp:carbons:2",
    "urn:xmpp:blocking",
    "msgoffline",
    "urn:xmpp:extdisco:2",
    "vcard-temp",
}
OWN_FEATURES = {"urn:xmpp:mam:2", "urn:xmpp:push:0", "http://jabber.org/protocol/pubsub#publish"}


def conversation(server, *users):
    """Runs what it decorates with clients of these users."""

    async def clients(function, *so_far):
        if len(so_far) == len(users):
            return await function(*so_far)
        jid = f"{users[len(so_far)]}@localhost"
        async with logged_in(server.ejabberd, jid, server.sidecar.mint(jid)) as client:
            return await clients(function, *so_far, client)

    return lambda function: asyncio.run(clients(function))


def test_clients_find_what_they_need(on_disk):
    @conversation(on_disk, "alice")
    async def found(alice):
        disco = alice.plugin["xep_0030"]
        of = [await disco.get_info(jid) for jid in ("localhost", "alice@localhost")]
        items = await disco.get_items("localhost")
        services = {jid for jid, *_ in items["disco_items"]["items"]}
        fields = of[0]["disco_info"].xml.iter(f"{FORM}field")
        abuse = [f.findtext(f"{FORM}value") for f in fields if f.get("var") == "abuse-addresses"]
        return [set(info["disco_info"]["features"]) for info in of], services, abuse

    (server, own), services, abuse = found
    assert server >= FEATURES
    assert own >= OWN_FEATURES
    assert {"conference.localhost", "pubsub.localhost", "upload.localhost"} <= services
    assert abuse == ["mailto:postmaster@localhost"]


DEVICES = "eu.siacs.conversations.axolotl.devicelist"
BOOKMARKS = "urn:xmpp:bookmarks:1"


def test_anyone_may_encrypt_to_us_and_bookmarks_are_private(on_disk):
    @conversation(on_disk, "alice", "bob")
    async def outcome(alice, bob):
        for node in (DEVICES, BOOKMARKS):
            await publish(alice, node)
        seen = await items_of(bob, "alice@localhost", DEVICES)
        own = await items_of(alice, "alice@localhost", BOOKMARKS)
        with pytest.raises(IqError) as refused:
            await items_of(bob, "alice@localhost", BOOKMARKS)
        return seen, own, refused.value.condition

    assert outcome[:2] == (1, 1)
    assert outcome[2] in {"forbidden", "not-allowed", "item-not-found", "not-authorized"}


PUBSUB = "http://jabber.org/protocol/pubsub"


async def publish(client, node):
    await client.plugin["xep_0060"].publish(
        None, node, id="current", payload=ElementTree.Element("{urn:example:test}thing")
    )


async def items_of(client, jid, node) -> int:
    answer = await client.plugin["xep_0060"].get_items(jid, node)
    return len(list(answer.xml.iter(f"{{{PUBSUB}}}item")))


def test_a_room_remembers_what_was_said(on_disk):
    room = f"room-{secrets.token_hex(4)}@conference.localhost"

    @conversation(on_disk, "alice", "bob")
    async def archived(alice, bob):
        await alice.plugin["xep_0045"].join_muc_wait(room, "alice", timeout=30)
        unlock = alice.plugin["xep_0004"].make_form(ftype="submit")
        await alice.plugin["xep_0045"].set_room_config(room, unlock)
        alice.send_message(room, "welcome", mtype="groupchat")
        while (await asyncio.wait_for(alice.inbox.get(), 30))["body"] != "welcome":
            pass
        await bob.plugin["xep_0045"].join_muc_wait(room, "bob", timeout=30)
        archive = bob.plugin["xep_0313"].iterate(room)
        return [m["mam_result"]["forwarded"]["stanza"]["body"] async for m in archive]

    assert "welcome" in archived
