"""Free ports on loopback."""

import random
import socket
from dataclasses import asdict, dataclass, fields

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


@dataclass
class Ports:
    """Those of an installation."""

    c2s: int
    c2s_tls: int
    s2s: int
    http: int
    api: int
    stun: int
    component: int
    public: int
    hook: int
    ops: int

    @classmethod
    def free(cls) -> "Ports":
        return cls(*free_ports(len(fields(cls))))

    def variables(self) -> dict[str, str]:
        """As scripts/configure and `make up` take them."""
        return {f"UP_{name.upper()}_PORT": str(port) for name, port in asdict(self).items()}
