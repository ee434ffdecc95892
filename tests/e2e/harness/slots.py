"""Upload slots as a server hands them out, asked for by hand, in each namespace that it knows."""

from dataclasses import dataclass, field
from xml.etree import ElementTree

from slixmpp.exceptions import IqError

from .secrecy import secret, secret_url

SERVICE = "upload.localhost"
CURRENT = "urn:xmpp:http:upload:0"
OLDER = "urn:xmpp:http:upload"
OLDEST = "eu:siacs:conversations:http:upload"
NAMESPACES = [CURRENT, OLDER, OLDEST]

# Of files, as people and strangers give them.
NAMES = [
    "two words.txt",
    "Grüße aus 東京 №1.txt",
    "naïve café.txt",
    "Привет, мир!.jpg",
    "مرحبا.png",
    "\u202egpj.exe",
    "a+b&c=d?e#f%20g%2525.txt",
    "../../etc/passwd",
    "...",
    "..name",
    ".",
    "-",
    "index.html",
    'say "hello" it\'s.txt',
    "<b>&amp;.html",
    "C:\\temp\\file.txt",
    "\U0001f600.png",
    "cafe\u0301.txt",
    # The folders of an S3 server in these tests have no room for longer ones.
    "x" * 40 + ".txt",
]

DISCO = "{http://jabber.org/protocol/disco#info}"
FORM = "{jabber:x:data}"
STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


@dataclass
class Slot:
    put: str
    get: str
    headers: dict[str, str] = field(default_factory=dict)


class NoSlotError(Exception):
    """The server's stanza error."""

    def __init__(self, condition: str, max_file_size: str | None):
        super().__init__(condition)
        self.condition = condition
        self.max_file_size = max_file_size


async def ask(
    client,
    name: str,
    size: int,
    content_type: str | None = None,
    namespace: str = CURRENT,
    service: str = SERVICE,
) -> Slot:
    request = ElementTree.Element(f"{{{namespace}}}request")
    given = {"filename": name, "size": str(size)}
    if content_type is not None:
        given["content-type"] = content_type
    for key, value in given.items():
        if namespace == CURRENT:
            request.set(key, value)
        else:
            ElementTree.SubElement(request, f"{{{namespace}}}{key}").text = value
    slot = await _answer(client, request, service, f"{{{namespace}}}")
    put, get = (slot.find(f"{{{namespace}}}{method}") for method in ("put", "get"))
    headers = {header.get("name"): header.text for header in put}
    assert set(headers) <= {"Authorization"}, "all that a client is asked to send"
    assert not list(get), "no header elements"
    if headers:
        secret(headers["Authorization"].removeprefix("Bearer "))
        return Slot(put.get("url"), get.get("url"), headers)
    if namespace == CURRENT:
        return Slot(secret_url(put.get("url")), get.get("url"))
    return Slot(secret_url(put.text), get.text)


async def _answer(client, request, service: str, namespace: str):
    iq = client.make_iq_get(ito=service)
    iq.append(request)
    try:
        answer = await iq.send(timeout=30)
    except IqError as error:
        raise _refusal(error.iq.xml, namespace) from None
    (slot,) = list(answer.xml)
    return slot


def _refusal(stanza, namespace: str) -> NoSlotError:
    error = stanza.find("{jabber:client}error")
    (condition, *_) = [e.tag for e in error if e.tag.startswith(STANZAS) and "text" not in e.tag]
    largest = error.findtext(f"{namespace}file-too-large/{namespace}max-file-size")
    return NoSlotError(condition.removeprefix(STANZAS), largest)


async def features(client) -> tuple[set[str], dict[str, str]]:
    """What the service says it does, and the largest file by the namespace that tells it."""
    iq = client.make_iq_get(ito=SERVICE)
    iq.append(ElementTree.Element(f"{DISCO}query"))
    (query,) = list((await iq.send(timeout=30)).xml)
    largest = {}
    for form in query.iter(f"{FORM}x"):
        fields = {f.get("var"): f.findtext(f"{FORM}value") for f in form.iter(f"{FORM}field")}
        if "max-file-size" in fields:
            largest[fields["FORM_TYPE"]] = fields["max-file-size"]
    return {feature.get("var") for feature in query.iter(f"{DISCO}feature")}, largest
