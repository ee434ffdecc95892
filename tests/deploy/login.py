"""login.py HOST USER [STANZA…]: logs in over TLS with the password on stdin, and prints success or failure; then sends
the stanzas, the last of which is a query with the id `end`, and prints what comes until that is answered."""

import base64
import re
import socket
import ssl
import sys

HEADER = "<stream:stream to='{}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
SASL = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{}</auth>"
BIND = "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"


def ask(stream, text, answer):
    """Sends the text, and returns what comes up to this answer."""
    stream.sendall(text.encode())
    received = b""
    while not re.search(answer, received):
        more = stream.recv(65536)
        assert more, received
        received += more
    return received.decode()


def main():
    host, user, *stanzas = sys.argv[1:]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", 5223), 20) as plain, context.wrap_socket(plain) as stream:
        ask(stream, HEADER.format(host), b"</stream:features>")
        word = base64.b64encode(f"\0{user}\0{sys.stdin.read().strip()}".encode()).decode()
        verdict = re.search("<(success|failure)", ask(stream, SASL.format(word), b"<(success|failure)"))[1]
        print(verdict)
        if stanzas:
            ask(stream, HEADER.format(host), b"</stream:features>")
            ask(stream, BIND, b"</bind></iq>")
            print(ask(stream, "".join(stanzas), b"<iq [^>]*id='end'[^>]*(/>|>.*</iq>)"))


main()
