"""Base64url has one way to write something."""

from harness import jws
from harness.secrecy import secret_token

from .row import Row

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def spare_bits_set(part: str) -> str:
    """Another text that a careless decoder takes for the same."""
    assert len(part) % 4, "the last letter has spare bits"
    return part[:-1] + LETTERS[LETTERS.index(part[-1]) + 1]


def spare_bits_in_signature(issuers, user):
    signed, _, signature = issuers.secret.token(user).rpartition(".")
    return secret_token(f"{signed}.{spare_bits_set(signature)}")


def spare_bits_in_signed_claims(issuers, user):
    header = {"alg": "HS256"}
    claims = issuers.secret.claims(user)
    signed = jws.signed_part(header, claims)
    while len(signed.rpartition(".")[2]) % 4 == 0:
        claims["filler"] = claims.get("filler", "") + "x"
        signed = jws.signed_part(header, claims)
    signed = spare_bits_set(signed)
    return jws.of_parts(signed, issuers.secret.key.sign(signed.encode(), "HS256"))


def other_alphabet(issuers, user):
    """The `+` and `/` of ordinary base64."""
    number = 0
    token = issuers.secret.token(user)
    while not {"-", "_"} & set(token.rpartition(".")[2]):
        number += 1
        token = issuers.secret.token(user, jti=number)
    return secret_token(token.replace("-", "+").replace("_", "/"))


BASE64 = {
    "padding": Row("token_not_canonical", lambda i, user: i.secret.token(user) + "="),
    "space before": Row("token_not_canonical", lambda i, user: " " + i.secret.token(user)),
    "line end": Row("token_not_canonical", lambda i, user: i.secret.token(user) + "\n"),
    "tab inside": Row(
        "token_not_canonical", lambda i, user: i.secret.token(user).replace(".", ".\t")
    ),
    "spare bits in signature": Row("token_not_canonical", spare_bits_in_signature),
    "spare bits in claims": Row("token_not_canonical", spare_bits_in_signed_claims),
    "other alphabet": Row("token_not_canonical", other_alphabet),
}
