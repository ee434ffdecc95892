"""Header and claims: a JSON object each, and each member once."""

import json
from collections.abc import Callable

from harness import jws

from .row import Row


def texts(header: str, change: Callable[[str], str]):
    """A good token but for its header, and for what is done to the text of the claims."""

    def build(issuers, user):
        claims = json.dumps(issuers.secret.claims(user))
        return jws.of_text(issuers.secret.key, header, change(claims))

    return build


def and_also(member: str):
    return lambda text: f"{text[:-1]}, {member}}}"


def unchanged(text: str) -> str:
    return text


HS256 = '{"alg": "HS256"}'
MEMBERS = {
    "header is no json": Row("token_not_json", texts("alg: HS256", unchanged)),
    "header is a list": Row("token_not_json", texts('["HS256"]', unchanged)),
    "claims are a list": Row("token_not_json", texts(HS256, lambda text: f"[{text}]")),
    "claims are null": Row("token_not_json", texts(HS256, lambda _: "null")),
    "claims are empty": Row("token_not_json", texts(HS256, lambda _: "")),
    "claims end early": Row("token_not_json", texts(HS256, lambda text: text[:-1])),
    "claims go on": Row("token_not_json", texts(HS256, lambda text: text + text)),
    "not a number": Row("token_not_json", texts(HS256, and_also('"nbf": NaN'))),
    "two subs": Row("duplicate_member", texts(HS256, and_also('"sub": "victim"'))),
    "two subs one escaped": Row(
        "duplicate_member", texts(HS256, and_also('"s\\u0075b": "victim"'))
    ),
    "two exps": Row("duplicate_member", texts(HS256, and_also('"exp": 4000000000'))),
    "two algs": Row("duplicate_member", texts('{"alg": "none", "alg": "HS256"}', unchanged)),
    "two members deep inside": Row(
        "duplicate_member", texts(HS256, and_also('"a": [{"b": {"c": 1, "c": 2}}]'))
    ),
}
