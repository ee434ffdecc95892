"""Free ports on loopback."""

import random
import socket
from dataclasses import asdict, dataclass, field, fields

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
    """Those of an installation: free ones."""

    c2s: int = field(init=False)
    c2s_tls: int = field(init=False)
    s2s: int = field(init=False)
    http: int = field(init=False)
    api: int = field(init=False)
    stun: int = field(init=False)
    public: int = field(init=False)
    hook: int = field(init=False)
    ops: int = field(init=False)

    def __post_init__(self):
        names = [each.name for each in fields(self)]
        for name, port in zip(names, free_ports(len(names)), strict=True):
            setattr(self, name, port)

    def variables(self) -> dict[str, str]:
        """As scripts/configure and `make up` take them."""
        return {f"UP_{name.upper()}_PORT": str(port) for name, port in asdict(self).items()}
