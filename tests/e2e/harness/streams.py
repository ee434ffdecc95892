"""Whether a server for XMPP clients is up, whichever it is."""

import socket

STREAM = (
    b"<stream:stream to='localhost' version='1.0' xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams'>"
)


def speaks_xmpp(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            s.sendall(STREAM)
            return b"<stream:stream" in s.recv(200)
    except OSError:
        return False
