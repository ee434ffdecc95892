"""Base64 as tokens hold it: URL-safe, without padding."""

import base64


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
