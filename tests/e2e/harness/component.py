"""Upload slots of the component, asked for by hand."""

import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit
from xml.etree import ElementTree

from . import web
from .processes import wait_until
from .secrecy import SECRETS
from .slots import CURRENT, OLDER, features

__all__ = [
    "CURRENT",
    "OLDER",
    "REQUEST",
    "Slot",
    "ask",
    "connected",
    "features",
    "largest",
    "put",
    "ready",
    "retry",
]

SERVICE = "upload.localhost"
REQUEST = (
    f"<iq xmlns='jabber:client' type='get' id='%s' to='{SERVICE}'>"
    f"<request xmlns='{CURRENT}' filename='a' size='1'/></iq>"
)


@dataclass
class Slot:
    put: str
    headers: dict[str, str]
    get: str


async def ask(
    client,
    name: str | None,
    size: str | None,
    content_type: str | None = None,
    namespace: str = CURRENT,
) -> Slot:
    """Raises the IqError of a refusal."""
    request = ElementTree.Element(f"{{{namespace}}}request")
    given = {"filename": name, "size": size, "content-type": content_type}
    for key, value in given.items():
        if value is None:
            continue
        if namespace == CURRENT:
            request.set(key, value)
        else:
            ElementTree.SubElement(request, f"{{{namespace}}}{key}").text = value
    iq = client.make_iq_get(ito=SERVICE)
    iq.append(request)
    (slot,) = list((await iq.send(timeout=30)).xml)
    put, get = (slot.find(f"{{{namespace}}}{method}") for method in ("put", "get"))
    headers = {each.get("name"): each.text for each in put}
    if namespace == CURRENT:
        SECRETS.add(headers["Authorization"].removeprefix("Bearer "))
        return Slot(put.get("url"), headers, get.get("url"))
    # /upload/t/<token>/localhost/…
    SECRETS.add(urlsplit(put.text).path.split("/")[3])
    return Slot(put.text, headers, get.text)


def ready(sidecar) -> str:
    """What it says of itself."""
    return urllib.request.urlopen(f"{sidecar.ops_url}/readyz").read().decode()


def connected(sidecar) -> None:
    wait_until("the component is connected", lambda: "component: connected" in ready(sidecar))


def put(slot: Slot, content: bytes, content_type: str = "application/octet-stream") -> web.Answer:
    return web.request("PUT", slot.put, content, slot.headers | {"Content-Type": content_type})


def largest(answer) -> str | None:
    """What a refusal says of the largest file."""
    return answer.findtext(f".//{{{CURRENT}}}max-file-size")


def retry(answer) -> str | None:
    """When a refusal says that one may ask again."""
    found = answer.find(f".//{{{CURRENT}}}retry")
    return None if found is None else found.get("stamp")
