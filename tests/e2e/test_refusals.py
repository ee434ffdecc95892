"""Every bad token: ejabberd refuses the login, and the sidecar's log says why."""

import pytest

from bad_tokens import ROWS
from harness import raw_xmpp
from harness.raw_xmpp import Answer


def refusal(federated, user, token) -> str:
    """The reason."""
    before = federated.sidecar.log_length()
    answer = raw_xmpp.login(federated.ejabberd, user, token)
    assert answer == Answer(refused="not-authorized")
    line = federated.sidecar.login(user, since=before)
    assert line["outcome"] == "refused"
    return line["reason"]


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_token_is_refused_and_the_log_says_why(federated, issuers, name):
    row = ROWS[name]
    # Of the limit on failures each user has his own.
    user = row.user or name.replace(" ", "-").lower()

    assert refusal(federated, user, row.token(issuers, user)) == row.reason


def test_whoever_guesses_is_limited_and_his_victim_is_not(federated, issuers):
    """Comes last here: users are counted by their hash, and one of another test may share it."""
    bad = issuers.rsa.token("mallory")
    good = issuers.rsa.token("victim")
    reasons = []

    # The limit is for a minute. Even a slow machine makes it.
    while "login_rate" not in reasons and len(reasons) < 100:
        reasons.append(refusal(federated, "victim", bad))

    *told, last = reasons
    assert last == "login_rate"
    assert set(told) == {"user_mismatch"}
    for _ in range(10):
        answer = raw_xmpp.login(federated.ejabberd, "victim", good)
        assert answer == Answer(jid="victim@localhost")
    bystanders = [refusal(federated, f"bystander-{n}", bad) for n in range(4)]
    assert bystanders.count("user_mismatch") >= 3
