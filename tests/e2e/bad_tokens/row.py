"""A line of the table: what is wrong with a token, and how it is made."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Row:
    reason: str
    token: Callable  # of the issuers and the user's name
    user: str | None = None  # by default the row's name


def in_minutes(minutes: float) -> int:
    return int(time.time() + 60 * minutes)


def header(**members):
    """Good, but for these members of the header."""
    return lambda issuers, user: issuers.secret.token(user, header=members)


def claims(_issuer: str = "secret", **changes):
    """Good, but for these claims. A value may be a function, of what depends on the time."""

    def build(issuers, user):
        now = {name: value() if callable(value) else value for name, value in changes.items()}
        return getattr(issuers, _issuer).token(user, **now)

    return build
