"""An address that guesses is banned by ejabberd, its victim is not."""

from harness import raw_xmpp, tokens
from harness.raw_xmpp import Answer

# mod_fail2ban's c2s_max_auth_failures in ejabberd.yml.
FAILURES = 20
# configure exempts 127.0.0.1 alone. No other test comes from here: the ban outlives this one.
ATTACKER = "127.0.0.2"


# Each name once: ejabberd counts addresses, and the sidecar users.
GUESSES = [f"user-{n}" for n in range(FAILURES)]


def test_an_address_that_guesses_is_banned_and_others_are_not(on_disk):
    server = on_disk.ejabberd
    good = on_disk.sidecar.mint("victim@localhost")
    bad = tokens.make(on_disk.issuer_secret, "mallory@localhost")
    banned = Answer(closed="policy-violation")

    answers = [raw_xmpp.login(server, user, bad, ATTACKER) for user in GUESSES]

    assert answers == [*[Answer(refused="not-authorized")] * (FAILURES - 1), banned]
    # From there not even a good token helps; elsewhere it does.
    assert raw_xmpp.login(server, "victim", good, ATTACKER) == banned
    assert raw_xmpp.login(server, "victim", good) == Answer(jid="victim@localhost")


def test_an_exempt_address_is_not_banned(on_disk):
    """A proxy's: everybody comes from there."""
    server = on_disk.ejabberd
    good = on_disk.sidecar.mint("victim@localhost")
    bad = tokens.make(on_disk.issuer_secret, "mallory@localhost")

    answers = [raw_xmpp.login(server, user, bad) for user in [*GUESSES, *GUESSES]]

    assert answers == [Answer(refused="not-authorized")] * len(answers)
    assert raw_xmpp.login(server, "victim", good) == Answer(jid="victim@localhost")
