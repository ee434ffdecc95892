"""What a browser does with an address from a message."""

import urllib.request
from urllib.error import HTTPError
from urllib.parse import quote


def download(url: str) -> bytes:
    # ejabberd 25.10 and later leave the name unescaped.
    with urllib.request.urlopen(quote(url, safe="%/:?=&")) as answer:
        return answer.read()


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(quote(url, safe="%/:?=&")) as answer:
            return answer.status
    except HTTPError as error:
        return error.code
