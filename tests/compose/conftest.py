import subprocess

import pytest

from pair import PUBLIC_ADDRESS, Pair


@pytest.fixture(scope="session", autouse=True)
def _public_address():
    add = ["ip", "address", "replace", f"{PUBLIC_ADDRESS}/32", "dev", "lo"]
    subprocess.run(add, check=True)


@pytest.fixture(scope="module", params=["26.07", "23.01"])
def made(request, tmp_path_factory):
    """The containers of a pair, of which none has run yet."""
    pair = Pair(request.param, tmp_path_factory.mktemp("pair"))
    pair.create()
    yield pair
    pair.remove()
