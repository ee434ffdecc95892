"""Prosody beside the sidecar, for each scheme of its slots. Users have passwords: Prosody checks
those itself."""

from types import SimpleNamespace

import pytest

from harness.prosody import Prosody
from harness.server import Server

# As upload.accept names them, and as Prosody does; the last is a module of its own.
SCHEMES = {"v": "v1", "v2": "v2", "jwt": "share"}


@pytest.fixture(scope="session", params=SCHEMES)
def pair(request, tmp_path_factory):
    """Its `ejabberd` does not run."""
    scheme = request.param
    data = tmp_path_factory.mktemp(scheme)
    accept = {"EJABBERD_SIDECAR__UPLOAD__ACCEPT": scheme}
    server = Server(data, stored_in=data / "store", environment=accept)
    base = f"{server.sidecar.public_url}/upload/localhost/"
    prosody = Prosody(data, base, server.upload_secret, SCHEMES[scheme])
    passwords = {user: prosody.add_user(user) for user in ("alice", "bob")}
    server.sidecar.start()
    prosody.start()
    yield SimpleNamespace(
        scheme=scheme,
        prosody=prosody,
        sidecar=server.sidecar,
        has_stored=server.has_stored,
        passwords=passwords,
    )
    prosody.stop()
    assert server.sidecar.stop() == 0
