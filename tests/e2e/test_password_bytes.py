"""Passwords that are too long or no text: refused, and nothing else suffers."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import raw_xmpp
from harness.ejabberd import NEWEST
from harness.raw_xmpp import Answer

REFUSED = Answer(refused="not-authorized")


def logs_in(federated, issuers, user) -> bool:
    answer = raw_xmpp.login(federated.ejabberd, user, issuers.secret.token(user))
    return answer == Answer(jid=f"{user}@localhost")


def test_the_largest_token_that_the_sidecar_takes_gets_through(federated, issuers):
    """8192 bytes (auth.token_max_bytes): that ejabberd takes them is our ejabberd.yml's doing."""
    for filler in range(5900, 6100):
        token = issuers.secret.token("filler", filler="x" * filler)
        if len(token) > 8188:
            break
    assert 8188 < len(token) <= 8192

    assert raw_xmpp.login(federated.ejabberd, "filler", token) == Answer(jid="filler@localhost")


def test_passwords_that_do_not_fit_end_no_login_but_their_own(federated, issuers):
    """ejabberd takes 65536 bytes of a stanza, of which base64 leaves three quarters, and the newest
    takes less before a login. What came through beyond that would end ejabberd's extauth processes.
    """
    fits = issuers.secret.token("filler", filler="x" * 34_000)
    beyond = issuers.secret.token("filler", filler="x" * 49_000)
    assert 45_000 < len(fits) < 49_000
    assert len(beyond) >= 65_536
    before = federated.sidecar.log_length()

    # At once: ejabberd reads what is large slowly.
    with ThreadPoolExecutor() as pool:
        answers = pool.map(
            lambda token: raw_xmpp.login(federated.ejabberd, "filler", token), [fits, *[beyond] * 4]
        )
        first, *others = list(answers)

    closed = {"policy-violation"}
    if NEWEST:
        # It reads no more before a login than our ejabberd.yml says.
        closed.add(raw_xmpp.WITHOUT_A_WORD)
        assert first.closed in closed
    else:
        assert first == REFUSED
        assert federated.sidecar.login("filler", before)["reason"] == "token_too_large"
    assert {other.closed for other in others} <= closed

    for _ in range(4):
        assert logs_in(federated, issuers, "filler")


STRANGE = {
    "no UTF-8": b"\xff\xfe\x80 no text",
    "colons": b"alice:localhost:password",
    "lines": b"one\ntwo\r\nthree",
    "NULs": b"\0\x02\0\x01",
    "a form": b"x&user=victim&pass=y%00",
}


@pytest.mark.parametrize("name", STRANGE)
def test_any_bytes_are_refused_and_logins_go_on(federated, issuers, name):
    user = "bytes-" + name.replace(" ", "-").lower()

    # As often as ejabberd has processes that answer.
    for _ in range(4):
        assert raw_xmpp.login(federated.ejabberd, user, STRANGE[name]).jid is None

    for _ in range(4):
        assert logs_in(federated, issuers, user)
