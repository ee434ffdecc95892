"""An address that guesses is banned by ejabberd, its victim is not."""

from harness import raw_xmpp, tokens
from harness.raw_xmpp import Answer

# mod_fail2ban's c2s_max_auth_failures in ejabberd.yml.
FAILURES = 20
# configure exempts 127.0.0.1 alone. No other test comes from here: the ban outlives this one.
ATTACKER = "127.0.0.2"


def test_an_address_that_guesses_is_banned_and_the_victim_is_not(on_disk):
    server = on_disk.ejabberd
    good = on_disk.sidecar.mint("victim@localhost")
    bad = tokens.make(on_disk.issuer_secret, "mallory@localhost")
    refused = Answer(refused="not-authorized")
    banned = Answer(closed="policy-violation")

    for _ in range(FAILURES - 1):
        assert raw_xmpp.login(server, "victim", bad, ATTACKER) == refused
    assert raw_xmpp.login(server, "victim", bad, ATTACKER) == banned

    # From there not even a good token helps; elsewhere it does.
    assert raw_xmpp.login(server, "victim", good, ATTACKER) == banned
    assert raw_xmpp.login(server, "victim", good) == Answer(jid="victim@localhost")


def test_an_exempt_address_is_not_banned(on_disk):
    """A proxy's: everybody comes from there."""
    server = on_disk.ejabberd
    good = on_disk.sidecar.mint("victim@localhost")
    bad = tokens.make(on_disk.issuer_secret, "mallory@localhost")

    answers = [raw_xmpp.login(server, "victim", bad) for _ in range(FAILURES + 5)]

    assert answers == [Answer(refused="not-authorized")] * (FAILURES + 5)
    assert raw_xmpp.login(server, "victim", good) == Answer(jid="victim@localhost")
