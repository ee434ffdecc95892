"""Debian's Prosody, with upload slots of mod_http_upload_external or mod_http_file_share, and
accounts of its own."""

import json
from pathlib import Path

from .ports import free_ports
from .processes import Process
from .secrecy import secret
from .streams import speaks_xmpp

# Of services that refuse what a client of upload.localhost would get.
FOREIGN = "foreign.example"
GENEROUS = "generous.example"

MAX_SIZE = 100 * 1024 * 1024


class Prosody:
    """Its slots are for a sidecar's `base_url` and secret."""

    def __init__(self, data: Path, base_url: str, upload_secret: str, protocol: str):
        (self.port,) = free_ports(1)
        self.certificate = data / "certs" / "localhost.crt"
        self.log = data / "logs" / "prosody.log"
        self._folder = data / "prosody"
        self._config = self._folder / "prosody.cfg.lua"
        self._folder.mkdir()
        self._config.touch(0o600)
        signs = {
            "upload.localhost": (upload_secret, MAX_SIZE),
            FOREIGN: (secret("another-secret-0123456789-0123456789"), MAX_SIZE),
            GENEROUS: (upload_secret, 10 * MAX_SIZE),
        }
        service = shared if protocol == "share" else external
        services = [
            service(name, base_url, key, limit, protocol) for name, (key, limit) in signs.items()
        ]
        self._config.write_text(self._head(data) + "".join(services))

    def _head(self, data: Path) -> str:
        return f"""\
run_as_root = true
data_path = {lua(self._folder)}
pidfile = {lua(self._folder / "pid")}
log = {{ info = {lua(self.log)} }}
plugin_paths = {{ "/usr/lib/prosody/modules" }}
modules_enabled = {{ "disco", "roster", "saslauth", "tls" }}
modules_disabled = {{ "s2s" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.port} }}
c2s_direct_tls_ports = {{}}
c2s_require_encryption = true
authentication = "internal_plain"
ssl = {{ certificate = {lua(self.certificate)}, key = {lua(data / "certs" / "localhost.key")} }}
VirtualHost "localhost"
"""

    def add_user(self, name: str) -> str:
        """The password of a new account."""
        password = secret(f"password-of-{name}-0123456789")
        accounts = self._folder / "localhost" / "accounts"
        accounts.mkdir(parents=True, exist_ok=True)
        (accounts / f"{name}.dat").write_text(f"return {{ password = {lua(password)} }}\n")
        return password

    def start(self) -> None:
        log = self.log.with_name("prosody-console.log")
        self._process = Process(["prosody", "-F", "--config", self._config], log)
        self._process.wait_until("the XMPP port answers", self._ready)

    def stop(self) -> int:
        return self._process.stop()

    def _ready(self) -> bool:
        return speaks_xmpp(self.port)


def external(name: str, base_url: str, key: str, limit: int, protocol: str) -> str:
    return f"""
Component {lua(name)} "http_upload_external"
http_upload_external_base_url = {lua(base_url)}
http_upload_external_secret = {lua(key)}
http_upload_external_file_size_limit = {limit}
http_upload_external_protocol = {lua(protocol)}
"""


def shared(name: str, base_url: str, key: str, limit: int, _protocol: str) -> str:
    """Others' files are as welcome as those of this server's users, and as many."""
    return f"""
Component {lua(name)} "http_file_share"
http_file_share_base_url = {lua(base_url)}
http_file_share_secret = {lua(key)}
http_file_share_size_limit = {limit}
http_file_share_daily_quota = {1000 * limit}
http_file_share_access = {{ "localhost" }}
"""


def lua(text: str | Path) -> str:
    """As Lua writes it, which for our texts is as JSON does."""
    return json.dumps(str(text))
