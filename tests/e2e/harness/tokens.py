"""Tokens and MACs as another program would make them, good and bad."""

import hashlib
import hmac
import json
import time

from .base64url import base64url
from .secrecy import secret, secret_token

ISSUER = "ejabberd-sidecar-dev"


def _json(value: dict) -> str:
    return base64url(json.dumps(value).encode())


def make(key: str, sub: str, expires_in: int = 3600, alg: str = "HS256") -> str:
    """A token of the development issuer; with alg none it has no signature."""
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": sub, "iat": min(now, now + expires_in - 60)}
    claims["exp"] = now + expires_in
    return _signed(key, claims, alg)


def _signed(key: str, claims: dict, alg: str = "HS256") -> str:
    signed = f"{_json({'alg': alg, 'typ': 'JWT'})}.{_json(claims)}"
    signature = b""
    if alg == "HS256":
        signature = hmac.digest(key.encode(), signed.encode(), "sha256")
    return secret_token(f"{signed}.{base64url(signature)}")


def tampered(key: str, sub: str) -> str:
    """Somebody else's good token with the claims exchanged."""
    header, _, signature = make(key, "mallory@localhost").split(".")
    _, claims, _ = make(key, sub).split(".")
    return secret_token(f"{header}.{claims}.{signature}")


def upload_mac(key: str, path: str, size: int) -> str:
    """What ejabberd's mod_http_upload puts into `?v=`."""
    return secret(hmac.digest(key.encode(), f"{path} {size}".encode(), "sha256").hex())


def prosody_slot(key: str, jid: str, path: str, size: int, content_type: str | None = None) -> str:
    """What Prosody's mod_http_file_share hands out for a slot at another server."""
    slot, filename = path.split("/")
    now = int(time.time())
    claims = {"sub": jid, "iat": now, "exp": now + 300, "slot": slot, "filename": filename}
    claims |= {"filesize": size, "filetype": content_type or "application/octet-stream"}
    return _signed(key, claims)


def user_folder(jid: str) -> str:
    return hashlib.sha1(jid.encode()).hexdigest()
