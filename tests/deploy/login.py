"""login.py HOST USER: logs in over TLS with the password on stdin, and prints success or failure."""

import base64
import re
import socket
import ssl
import sys


def main():
    host, user = sys.argv[1:]
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", 5223), 20) as plain, context.wrap_socket(plain) as stream:
        header = "<stream:stream to='{}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        stream.sendall(header.format(host).encode())
        received = ""
        while "</stream:features>" not in received:
            received += stream.recv(65536).decode()
        word = base64.b64encode(f"\0{user}\0{sys.stdin.read().strip()}".encode()).decode()
        auth = f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{word}</auth>"
        stream.sendall(auth.encode())
        received = ""
        while not (found := re.search("<(success|failure)", received)):
            received += stream.recv(65536).decode()
        print(found[1])


main()
