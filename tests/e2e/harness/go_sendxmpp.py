"""The command line client go-sendxmpp, trusting this server's certificate alone."""

import os
import subprocess
from pathlib import Path

from .ejabberd import Ejabberd


def go_sendxmpp(folder: Path, server: Ejabberd, jid: str, token: str, *arguments: str) -> None:
    """Raises when it fails; its account file is written to `folder`."""
    account = folder / "account"
    account.touch(0o600)
    account.write_text(
        f"username: {jid}\npassword: {token}\njserver: localhost\nport: {server.port}\n"
    )
    subprocess.run(
        ["go-sendxmpp", "--file", account, *arguments],
        env=os.environ | {"HOME": str(folder), "SSL_CERT_FILE": str(server.certificate)},
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )
