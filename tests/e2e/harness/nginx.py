"""nginx with docs/nginx.conf, in which only addresses and paths are others."""

import os
import socket
from pathlib import Path

from .paths import ROOT
from .processes import Process

MAIN = """\
daemon off;
pid {folder}/nginx.pid;
worker_processes 2;
{user}
events {{ worker_connections 512; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/ejabberd-sidecar.conf;
}}
"""


class Nginx:
    def __init__(self, folder: Path, replaced: dict[str, str]):
        """`replaced`: what stands in the page, each once, and what stands there instead."""
        folder.mkdir()
        self.logs = folder
        page = (ROOT / "docs" / "nginx.conf").read_text()
        logs = {"/var/log/nginx/": f"{folder}/"}
        for found, instead in (replaced | logs).items():
            assert found in page, found
            page = page.replace(found, instead)
        (folder / "ejabberd-sidecar.conf").write_text(page)
        # The folder is ours alone; root's nginx would give its workers to somebody else.
        user = "user root;" if os.geteuid() == 0 else ""
        main = folder / "nginx.conf"
        main.write_text(MAIN.format(folder=folder, user=user))
        self._command = ["/usr/sbin/nginx", "-e", "stderr", "-c", main]

    def start(self, port: int) -> None:
        """Waits until it listens there."""
        self._process = Process(self._command, self.logs / "console.log")
        self._process.wait_until("listens", lambda: _listens(port))

    def stop(self) -> int:
        return self._process.stop()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True
