"""Who gets in to ejabberd, and who does not."""

import asyncio

import pytest

from harness import tokens
from harness.secrecy import secret
from harness.xmpp import RefusedError, logged_in


def login(server, jid, password):
    async def attempt():
        async with logged_in(server.ejabberd, jid, password) as client:
            return client.boundjid.bare

    return asyncio.run(attempt())


def test_a_minted_token_logs_in(server):
    token = server.sidecar.mint("alice@localhost")
    before = server.sidecar.count("logins", "accepted")

    assert login(server, "alice@localhost", token) == "alice@localhost"
    assert server.sidecar.count("logins", "accepted") == before + 1


def test_a_token_of_another_program_logs_in(server):
    token = tokens.make(server.issuer_secret, "alice")

    assert login(server, "alice@localhost", token) == "alice@localhost"


# Of alice's failures other tests make so many that the log tells no more of them.
VICTIM = "victim-of-bad-tokens@localhost"

REFUSED = {
    "token_expired": lambda key: tokens.make(key, VICTIM, expires_in=-120),
    "signature_invalid": lambda key: tokens.tampered(key, VICTIM),
    "user_mismatch": lambda key: tokens.make(key, "bob@localhost"),
    "algorithm_none": lambda key: tokens.make(key, VICTIM, alg="none"),
    "token_malformed": lambda key: secret("no token at all"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_bad_token_is_refused_and_the_log_says_why(on_disk, reason):
    bad = REFUSED[reason](on_disk.issuer_secret)
    before = on_disk.sidecar.log_length()

    with pytest.raises(RefusedError, match="not-authorized"):
        login(on_disk, VICTIM, bad)

    on_disk.sidecar.wait_for_log(f'reason="?{reason}"?', since=before)


def test_an_empty_password_is_refused(on_disk):
    """By ejabberd itself, without asking; login.hurl asks the hook."""
    with pytest.raises(RefusedError, match="not-authorized"):
        login(on_disk, "alice@localhost", "")


def test_a_message_waits_for_a_user_who_was_here_before(on_disk):
    """ejabberd asks user_exists whether to keep it."""
    server = on_disk
    carol = server.sidecar.mint("carol@localhost")
    bob = server.sidecar.mint("bob@localhost")
    login(server, "carol@localhost", carol)

    async def write_and_read():
        async with logged_in(server.ejabberd, "bob@localhost", bob) as client:
            client.send_message("carol@localhost", "are you there?", mtype="chat")
            client.send_message("nobody@localhost", "and you?", mtype="chat")
            refused = await asyncio.wait_for(client.inbox.get(), 30)
        async with logged_in(server.ejabberd, "carol@localhost", carol) as client:
            client.send_presence()
            kept = await asyncio.wait_for(client.inbox.get(), 30)
        return refused, kept

    refused, kept = asyncio.run(write_and_read())

    assert refused["from"].bare == "nobody@localhost"
    assert refused["type"] == "error"
    assert kept["body"] == "are you there?"
