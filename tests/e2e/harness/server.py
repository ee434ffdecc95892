"""A whole installation: ejabberd, the sidecar and what they were given."""

import os
import subprocess
from pathlib import Path

from . import stores
from .bucket import Bucket
from .ejabberd import Ejabberd
from .paths import SCRIPTS, SIDECAR
from .ports import Ports
from .secrecy import LOG_FOLDERS, secret
from .sidecar import Sidecar


class Server:
    def __init__(
        self, data: Path, stored_in: Path | Bucket, environment: dict | None = None, **settings: str
    ):
        """`settings` go to scripts/configure, `environment` to the sidecar. Uploads must show
        up in `stored_in`."""
        ports = Ports.free()
        # Most tests are of the slots that every ejabberd hands out.
        settings = {"UP_SLOTS": "ejabberd"} | settings
        settings |= {"SIDECAR": str(SIDECAR)} | ports.variables()
        configure = [SCRIPTS / "configure", data]
        subprocess.run(configure, env=os.environ | settings, check=True)
        LOG_FOLDERS.add(data / "logs")

        self.issuer_secret = secret((data / "secrets/issuer.secret").read_text().strip())
        self.upload_secret = secret((data / "secrets/upload.secret").read_text().strip())
        secret((data / "secrets/turn.secret").read_text().strip())
        self.component_secret = secret((data / "secrets/component.secret").read_text().strip())
        self.hook_url = f"http://127.0.0.1:{ports.hook}"
        self.hook_socket = settings.get("UP_HOOK", "").removeprefix("unix:")
        self.stored_in = stored_in
        self.users_file = data / "users"
        self.users_file.touch()
        users = {"EJABBERD_SIDECAR__AUTH__USERS_FILE": str(self.users_file)}
        self.sidecar = Sidecar(data, ports.public, ports.ops, users | (environment or {}))
        self.ejabberd = Ejabberd(data, ports)

    def start(self) -> None:
        self.sidecar.start()
        self.ejabberd.start()

    def stop(self) -> tuple[int, int]:
        return self.ejabberd.stop(), self.sidecar.stop()

    def has_stored(self, content: bytes) -> bool:
        """Whether a file of the store holds it; a disk store adds what it knows of it."""
        return any(content in file for file in stores.contents(self.stored_in).values())
