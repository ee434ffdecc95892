"""What a browser does with an address from a message, and what a client does with a slot."""

import urllib.request
from dataclasses import dataclass
from email.message import Message
from urllib.error import HTTPError
from urllib.parse import quote


@dataclass
class Answer:
    status: int
    headers: Message
    body: bytes


def request(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    # ejabberd 25.10 and later leave the name unescaped.
    asked = urllib.request.Request(quote(url, safe="%/:?=&"), body, headers or {}, method=method)
    if body is not None and not asked.has_header("Content-type"):
        # urllib would say that it is a form.
        asked.add_header("Content-Type", "application/octet-stream")
    try:
        with urllib.request.urlopen(asked) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def put(url: str, body: bytes, content_type: str = "application/octet-stream") -> Answer:
    return request("PUT", url, body, {"Content-Type": content_type})


def get(url: str, **headers: str) -> Answer:
    """`headers` with `_` for `-`."""
    return request("GET", url, headers={k.replace("_", "-"): v for k, v in headers.items()})


def download(url: str) -> bytes:
    answer = get(url)
    assert answer.status == 200, answer
    return answer.body


def status(url: str) -> int:
    return get(url).status
