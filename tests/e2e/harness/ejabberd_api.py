"""ejabberd's HTTP API, as a program on this machine calls it."""

import http.client
import json
from urllib.parse import urlsplit

from .ejabberd import Ejabberd


def call(
    server: Ejabberd,
    command: str,
    source: str = "127.0.0.1",
    root: str | None = None,
    **arguments,
) -> tuple[int, object]:
    """Its status, and what it says if that is 200."""
    url = urlsplit(server.api_url)
    connection = http.client.HTTPConnection(url.hostname, url.port, 30, (source, 0))
    connection.request("POST", f"{root or url.path}/{command}", json.dumps(arguments))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if answer.status == 200 else None
