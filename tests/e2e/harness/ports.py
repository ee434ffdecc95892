"""Free ports on loopback."""

import random
import socket

# Below what Linux gives to outgoing connections: none of those may take the
# port of a server while that one restarts.
CANDIDATES = range(10000, 32000)


def free_ports(count: int) -> list[int]:
    found: list[int] = []
    for port in random.sample(CANDIDATES, 100):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError(f"only {found} are free of 100 ports tried")
