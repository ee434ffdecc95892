"""XMPP by hand, a login attempt a connection: any bytes as a password, from any address."""

import base64
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

# Above what the bridge rides out (8 s); a hung login fails here.
PATIENCE = 40

STREAM = "{http://etherx.jabber.org/streams}"
STREAM_ERROR = STREAM + "error"
FEATURES = STREAM + "features"
TLS = "{urn:ietf:params:xml:ns:xmpp-tls}"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"
BIND = "{urn:ietf:params:xml:ns:xmpp-bind}"

OPENING = (
    b"<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)
STARTTLS = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"
BIND_RESOURCE = b"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"


@dataclass
class Answer:
    """How the server answered a login; exactly one of these is set."""

    jid: str | None = None  # whom it bound the session to
    refused: str | None = None  # the SASL condition
    closed: str | None = None  # the error it ended the stream with


class StreamClosedError(Exception):
    """The server ended the stream; the text is its condition."""


class _Connection:
    def __init__(self, port: int, source: str):
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))

    def open_stream(self) -> ElementTree.Element:
        """Gives the features that the server offers."""
        self._parser = ElementTree.XMLPullParser(["start", "end"])
        self._depth = 0
        self.send(OPENING)
        return self.expect(FEATURES)

    def start_tls(self, certificate: Path) -> None:
        self.send(STARTTLS)
        self.expect(TLS + "proceed")
        trust = ssl.create_default_context(cafile=str(certificate))
        self._socket = trust.wrap_socket(self._socket, server_hostname="localhost")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def expect(self, *tags: str) -> ElementTree.Element:
        element = self.receive()
        if element.tag == STREAM_ERROR:
            raise StreamClosedError(_condition(element))
        assert element.tag in tags, ElementTree.tostring(element)
        return element

    def receive(self) -> ElementTree.Element:
        """The next whole element of the stream."""
        while True:
            for event, element in self._parser.read_events():
                self._depth += 1 if event == "start" else -1
                if event == "end" and self._depth == 1:
                    return element
            data = self._socket.recv(65536)
            if not data:
                raise StreamClosedError("without a word")
            self._parser.feed(data)

    def close(self) -> None:
        self._socket.close()


def _condition(error: ElementTree.Element) -> str:
    """`not-authorized` of a failure, `policy-violation` of a stream error."""
    return error[0].tag.rpartition("}")[2]


def login(server, user: str | bytes, password: str | bytes, source="127.0.0.1") -> Answer:
    """A login as usual: no authorization identity."""
    return sasl_plain(server, b"\0".join([b"", _bytes(user), _bytes(password)]), source)


def login_as(server, authzid: str, user: str, password: str) -> Answer:
    """A login of `user` who wants to act as `authzid`."""
    return sasl_plain(server, "\0".join([authzid, user, password]).encode())


def sasl_plain(server, message: bytes, source: str = "127.0.0.1") -> Answer:
    """Sends `message` as it is; after a success also binds, and leaves."""
    connection = _Connection(server.port, source)
    try:
        connection.open_stream()
        connection.start_tls(server.certificate)
        connection.open_stream()
        connection.send(AUTH % base64.b64encode(message))
        answer = connection.expect(SASL + "success", SASL + "failure")
        if answer.tag == SASL + "failure":
            return Answer(refused=_condition(answer))
        connection.open_stream()
        connection.send(BIND_RESOURCE)
        bound = connection.expect("{jabber:client}iq")
        return Answer(jid=bound.findtext(f".//{BIND}jid").partition("/")[0])
    except StreamClosedError as closed:
        return Answer(closed=str(closed))
    finally:
        connection.close()


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
