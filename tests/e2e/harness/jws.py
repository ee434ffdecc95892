"""Signed tokens, part by part: also those that no library would make."""

import json

from .base64url import base64url
from .secrecy import secret_token

# The value of a member that is to be left out.
ABSENT = object()


def token(key, header: dict, claims: dict, algorithm: str | None = None) -> str:
    """Signed with `algorithm`, by default the key's, whatever `alg` the header has."""
    members = {"alg": algorithm or key.algorithm, "typ": "JWT"} | header
    return of_text(key, _json(members), _json(claims), algorithm)


def of_text(key, header: str | bytes, claims: str | bytes, algorithm: str | None = None) -> str:
    """The same of two texts that may be no JSON."""
    signed = f"{_part(header)}.{_part(claims)}"
    return of_parts(signed, key.sign(signed.encode(), algorithm or key.algorithm))


def of_parts(signed: str, signature: bytes) -> str:
    return secret_token(f"{signed}.{base64url(signature)}")


def signed_part(header: dict, claims: dict) -> str:
    """What a signature is over."""
    return f"{_part(_json(header))}.{_part(_json(claims))}"


def _json(members: dict) -> str:
    return json.dumps({name: value for name, value in members.items() if value is not ABSENT})


def _part(text: str | bytes) -> str:
    return base64url(text.encode() if isinstance(text, str) else text)
