"""Good tokens of every kind of key log in, and keys change without a restart."""

import itertools

import pytest

from harness import jws, raw_xmpp
from harness.keys import Rsa
from harness.processes import wait_until
from harness.raw_xmpp import Answer

GOOD = {
    "HS256 of a secret file": lambda i: i.secret.token("alice"),
    "HS256 of its second line": lambda i: i.secret.token("alice", key=i.retired_secret),
    "HS512 of a JWK": lambda i: i.jwk.token("alice"),
    "RS256 of a public key": lambda i: i.rsa.token("alice"),
    "RS256 of a certificate": lambda i: i.certificate.token("alice"),
    "PS256 by algorithms": lambda i: i.strong.token("alice", algorithm="PS256"),
    "RS512 by algorithms": lambda i: i.strong.token("alice", algorithm="RS512"),
    "first key of a PEM file": lambda i: i.both.token("alice"),
    "second key of a PEM file": lambda i: i.both.token("alice", key=i.second_of_both),
    "ES256 of a key set": lambda i: of_set(i, "es256"),
    "ES384 of a key set": lambda i: of_set(i, "es384"),
    "EdDSA of a key set": lambda i: of_set(i, "ed25519"),
    "an issuer of two vhosts": lambda i: i.shared.token("alice@localhost"),
    # Members that a good token may have, too.
    "no typ": lambda i: i.rsa.token("alice", header={"typ": jws.ABSENT}),
    "several audiences": lambda i: i.secret.token("alice", aud=["mail", "chat"]),
    "fractions of a second": lambda i: i.rsa.token("alice", nbf=1_700_000_000.5),
    "a bare JID": lambda i: i.rsa.token("alice@localhost"),
    "capitals": lambda i: i.rsa.token("Alice@LOCALHOST"),
    "one of several tenants": lambda i: i.strict.token("alice", tenant=["rival", "acme"]),
    "a strict issuer": lambda i: i.strict.token("alice"),
    "a strict issuer's type in full": lambda i: i.strict.token(
        "alice", header={"typ": "application/at+jwt"}
    ),
}


def of_set(issuers, key_id):
    return issuers.set.token("alice", header={"kid": key_id}, key=issuers.set_keys[key_id])


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_token_logs_in(federated, issuers, kind):
    token = GOOD[kind](issuers)

    assert raw_xmpp.login(federated.ejabberd, "alice", token) == Answer(jid="alice@localhost")


def test_the_log_names_the_issuer_and_the_key(federated, issuers):
    before = federated.sidecar.log_length()

    raw_xmpp.login(federated.ejabberd, "keyholder", issuers.set.token("keyholder"))

    line = federated.sidecar.login("keyholder", since=before)
    assert line["outcome"] == "accepted"
    assert line["issuer"] == issuers.set.url
    assert line["key"] == "es256"


def test_a_key_set_is_rotated_without_a_restart(federated, issuers):
    """The new key is published beside the old one, then alone."""
    issuer = issuers.rotating
    old, new = issuer.key, Rsa()
    first, second = old.jwk() | {"kid": "first"}, new.jwk() | {"kid": "second"}

    numbers = itertools.count()

    def refusal(key, key_id) -> str | None:
        """Of a new user each time, for the limit on failures; None for a login."""
        user = f"rosa-{next(numbers)}"
        token = issuer.token(user, header={"kid": key_id}, key=key)
        before = federated.sidecar.log_length()
        answer = raw_xmpp.login(federated.ejabberd, user, token)
        line = federated.sidecar.login(user, since=before)
        assert answer.jid == (f"{user}@localhost" if line["outcome"] == "accepted" else None)
        return line.get("reason")

    assert refusal(old, "first") is None
    assert refusal(new, "second") == "key_unknown"

    issuers.rotate(first, second)
    wait_until("the new key counts", lambda: refusal(new, "second") is None)
    assert refusal(old, "first") is None

    issuers.rotate(second)
    wait_until("the old key is gone", lambda: refusal(old, "first") == "key_unknown")
    assert refusal(new, "second") is None
