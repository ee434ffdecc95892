"""A session is its token's user's, and each token is asked for anew."""

import time

import pytest

from harness import raw_xmpp
from harness.raw_xmpp import Answer

REFUSED = Answer(refused="not-authorized")


def test_a_token_that_logged_in_does_not_when_it_is_over(federated, issuers):
    """ejabberd's cache would let it in."""
    # Lasts for longer each time: on a busy machine it may be over before its first login.
    for seconds in (3, 6, 12, 24, 48):
        expires = int(time.time()) + seconds
        token = issuers.prompt.token("shortly", exp=expires)
        if raw_xmpp.login(federated.ejabberd, "shortly", token) != REFUSED:
            break
        assert time.time() >= expires, "it was good, and refused"
    else:
        pytest.fail("no token was good for long enough to log in")

    while time.time() <= expires:
        time.sleep(0.1)
    before = federated.sidecar.log_length()

    assert raw_xmpp.login(federated.ejabberd, "shortly", token) == REFUSED
    assert federated.sidecar.login("shortly", before)["reason"] == "token_expired"


def test_a_second_token_logs_in_beside_the_first(federated, issuers):
    """ejabberd's cache would know the first alone."""
    tokens = [issuers.rsa.token("alice"), issuers.rsa.token("alice"), issuers.set.token("alice")]

    for token in [*tokens, *tokens]:
        assert raw_xmpp.login(federated.ejabberd, "alice", token) == Answer(jid="alice@localhost")


def test_a_user_who_is_logged_in_lends_his_name_to_nobody(federated, issuers):
    alice, mallory = issuers.rsa.token("alice"), issuers.rsa.token("mallory")

    assert raw_xmpp.login(federated.ejabberd, "alice", alice) == Answer(jid="alice@localhost")
    assert raw_xmpp.login(federated.ejabberd, "alice", mallory) == REFUSED
    assert raw_xmpp.login(federated.ejabberd, "mallory", alice) == REFUSED
    assert raw_xmpp.login(federated.ejabberd, "mallory", mallory) == Answer(jid="mallory@localhost")


@pytest.mark.parametrize(
    "authzid", ["bob@localhost", "bob", "BOB", "bob@localhost/phone", "bob@elsewhere", "@", " "]
)
def test_nobody_acts_as_another(federated, issuers, authzid):
    token = issuers.rsa.token("alice")

    assert raw_xmpp.login_as(federated.ejabberd, authzid, "alice", token) == REFUSED


# ejabberd looks at the part before the @ alone, and repeats its spelling, which does not count.
OWN = {
    "alice": "alice@localhost",
    "ALICE": "ALICE@localhost",
    "alice@localhost": "alice@localhost",
    "alice@localhost/phone": "alice@localhost",
    "alice@elsewhere": "alice@localhost",
}


@pytest.mark.parametrize("authzid", OWN)
def test_one_may_act_as_oneself(federated, issuers, authzid):
    token = issuers.rsa.token("alice")

    answer = raw_xmpp.login_as(federated.ejabberd, authzid, "alice", token)

    assert answer == Answer(jid=OWN[authzid])


@pytest.mark.parametrize("name", OWN)
def test_whatever_the_spelling_the_session_is_the_tokens_users(federated, issuers, name):
    token = issuers.rsa.token("alice")

    assert raw_xmpp.login(federated.ejabberd, name, token) == Answer(jid=OWN[name])


@pytest.mark.parametrize("name", ["jörg", "al+ice", "a%20b", "a=b", "%61lice", "\u0430lice"])
def test_a_name_arrives_as_it_is(federated, issuers, name):
    """Whatever it would mean in a form or an address: it is not alice's, nor anybody else's."""
    own, alice = issuers.rsa.token(name), issuers.rsa.token("alice")

    assert raw_xmpp.login(federated.ejabberd, name, own) == Answer(jid=f"{name}@localhost")
    assert raw_xmpp.login(federated.ejabberd, name, alice) == REFUSED
    assert raw_xmpp.login(federated.ejabberd, "alice", own) == REFUSED


def test_a_name_with_a_second_reading_is_nobodys(federated, issuers):
    """The bytes of a Hebrew letter, each taken for a character, as other callers of the hook do."""
    letter, second_reading = "\u05e9", "\u00d7\u00a9"

    for name in (letter, second_reading):
        token = issuers.rsa.token(name)
        assert raw_xmpp.login(federated.ejabberd, second_reading, token) == REFUSED
    own = issuers.rsa.token(letter)
    assert raw_xmpp.login(federated.ejabberd, letter, own) == Answer(jid=f"{letter}@localhost")
