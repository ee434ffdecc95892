"""A whole installation: ejabberd, the sidecar and what they were given."""

import os
import subprocess
from pathlib import Path

from .ejabberd import Ejabberd
from .paths import SCRIPTS, SIDECAR
from .ports import free_ports
from .secrecy import LOG_FOLDERS, secret
from .sidecar import Sidecar


class Server:
    def __init__(
        self, data: Path, stored_in: Path, environment: dict | None = None, **settings: str
    ):
        """`settings` go to scripts/configure, `environment` to the sidecar. Uploads must show
        up in `stored_in`."""
        c2s, public, hook_port, ops = free_ports(4)
        settings |= {
            "SIDECAR": str(SIDECAR),
            "UP_C2S_PORT": str(c2s),
            "UP_PUBLIC_PORT": str(public),
            "UP_HOOK_PORT": str(hook_port),
            "UP_OPS_PORT": str(ops),
        }
        configure = [SCRIPTS / "configure", data]
        subprocess.run(configure, env=os.environ | settings, check=True)
        LOG_FOLDERS.add(data / "logs")

        self.issuer_secret = secret((data / "secrets/issuer.secret").read_text().strip())
        self.upload_secret = secret((data / "secrets/upload.secret").read_text().strip())
        self.hook_url = f"http://127.0.0.1:{hook_port}"
        self.hook_socket = settings.get("UP_HOOK", "").removeprefix("unix:")
        self.stored_in = stored_in
        self.users_file = data / "users"
        self.users_file.touch()
        users = {"EJABBERD_SIDECAR__AUTH__USERS_FILE": str(self.users_file)}
        self.sidecar = Sidecar(data, public, ops, users | (environment or {}))
        self.ejabberd = Ejabberd(data, c2s)

    def start(self) -> None:
        self.sidecar.start()
        self.ejabberd.start()

    def stop(self) -> tuple[int, int]:
        return self.ejabberd.stop(), self.sidecar.stop()

    def has_stored(self, content: bytes) -> bool:
        """Whether a file of the store holds it; a disk store adds what it knows of it."""
        files = [f for f in self.stored_in.rglob("*") if f.is_file()]
        return any(content in f.read_bytes() for f in files)
