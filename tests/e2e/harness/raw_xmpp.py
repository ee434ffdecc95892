"""XMPP by hand, a login attempt a connection: any bytes as a password, from any address."""

import base64
import socket
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from xml.etree import ElementTree

# Above what the bridge rides out (8 s); a hung login fails here.
PATIENCE = 40

CLIENT = "{jabber:client}"
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
REGISTER = (
    b"<iq type='set' id='register'><query xmlns='jabber:iq:register'>"
    b"<username>%s</username><password>%s</password></query></iq>"
)
PING = b"<iq type='get' id='said' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
REMOVE = b"<iq type='set' id='remove'><query xmlns='jabber:iq:register'><remove/></query></iq>"


@dataclass
class Answer:
    """How the server answered a login; exactly one of these is set."""

    jid: str | None = None  # whom it bound the session to
    refused: str | None = None  # the SASL condition
    closed: str | None = None  # the error it ended the stream with


# A server that leaves the rest of a message unread resets the connection, and the network may then
# lose what it said last.
WITHOUT_A_WORD = "without a word"


class StreamClosedError(Exception):
    """The server ended the stream; the text is its condition, or WITHOUT_A_WORD."""


class _Connection:
    def __init__(self, server, source: str = "127.0.0.1", port: int | None = None):
        address = ("127.0.0.1", port or server.port)
        self._socket = socket.create_connection(address, PATIENCE, (source, 0))
        self._trust = ssl.create_default_context(cafile=str(server.certificate))

    def begin(self) -> None:
        """Goes as far as a login: into TLS."""
        self._open_stream()
        self.send(STARTTLS)
        self.expect(TLS + "proceed")
        self.begin_in_tls()

    def begin_in_tls(self) -> None:
        """The same, where TLS comes first."""
        self._socket = self._trust.wrap_socket(self._socket, server_hostname="localhost")
        self._open_stream()

    def log_in(self, message: bytes) -> Answer:
        self.send(AUTH % base64.b64encode(message))
        answer = self.expect(SASL + "success", SASL + "failure")
        if answer.tag == SASL + "failure":
            return Answer(refused=_condition(answer))
        self._open_stream()
        self.send(BIND_RESOURCE)
        bound = self.expect(CLIENT + "iq")
        return Answer(jid=bound.findtext(f".//{BIND}jid").partition("/")[0])

    def _open_stream(self) -> None:
        self._parser = ElementTree.XMLPullParser(["start", "end"])
        self._depth = 0
        self.send(OPENING)
        self.expect(FEATURES)

    def read_past(self, text: bytes) -> None:
        """Whatever comes before `text`, well-formed or not; or the end."""
        read = b""
        while text not in read:
            data = self._socket.recv(65536)
            if not data:
                return
            read += data

    def send(self, data: bytes) -> None:
        # A server that has read enough says so before it closes: what it said is read next.
        with suppress(ConnectionError, ssl.SSLError):
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
            try:
                data = self._socket.recv(65536)
            except (ConnectionError, ssl.SSLError):
                data = b""
            if not data:
                raise StreamClosedError(WITHOUT_A_WORD)
            self._parser.feed(data)

    def close(self) -> None:
        self._socket.close()


def _condition(error: ElementTree.Element) -> str:
    """`not-authorized` of a failure, `policy-violation` of a stream error."""
    return error[0].tag.rpartition("}")[2]


def login(server, user: str | bytes, password: str | bytes, source="127.0.0.1") -> Answer:
    """A login as usual: no authorization identity."""
    return sasl_plain(server, b"\0".join([b"", _bytes(user), _bytes(password)]), source)


def login_over_direct_tls(server, user: str, password: str) -> Answer:
    """At the port that speaks TLS from the first byte."""
    with closing(_Connection(server, port=server.tls_port)) as connection:
        connection.begin_in_tls()
        return connection.log_in(f"\0{user}\0{password}".encode())


def login_as(server, authzid: str, user: str, password: str) -> Answer:
    """A login of `user` who wants to act as `authzid`."""
    return sasl_plain(server, "\0".join([authzid, user, password]).encode())


def sasl_plain(server, message: bytes, source: str = "127.0.0.1") -> Answer:
    """Sends `message` as it is; after a success also binds, and leaves."""
    with closing(_Connection(server, source)) as connection:
        try:
            connection.begin()
            return connection.log_in(message)
        except StreamClosedError as closed:
            return Answer(closed=str(closed))


def say(server, user: str, password: str, stanza: bytes) -> None:
    """Sends any bytes after a login, and waits until the server has dealt with them."""
    with closing(_Connection(server)) as connection:
        connection.begin()
        assert connection.log_in(f"\0{user}\0{password}".encode()).jid
        connection.send(stanza + PING)
        with suppress(ConnectionError, ssl.SSLError):
            connection.read_past(b"id='said'")


def register(server, user: str, password: str) -> str | None:
    """Makes an account (XEP-0077); gives the condition if the server refuses."""
    with closing(_Connection(server)) as connection:
        connection.begin()
        connection.send(REGISTER % (user.encode(), password.encode()))
        error = connection.expect(CLIENT + "iq").find(CLIENT + "error")
    return None if error is None else _condition(error)


def remove_account(server, user: str, password: str) -> None:
    """The user asks for it himself. The server agrees first, and removes then."""
    with closing(_Connection(server)) as connection:
        connection.begin()
        assert connection.log_in(f"\0{user}\0{password}".encode()).jid
        connection.send(REMOVE)
        assert connection.expect(CLIENT + "iq").get("type") == "result"


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
