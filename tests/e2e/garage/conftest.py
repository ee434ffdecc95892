"""The installation that runs on Garage."""

import pytest

from harness.pair import Pair
from harness.secrecy import LOG_FOLDERS


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    made = Pair(tmp_path_factory.mktemp("pair"))
    LOG_FOLDERS.add(made.nginx.logs)
    with made.trusted():
        made.start()
        yield made
        assert made.stop() == [0, 0, 0, 0], "ejabberd, nginx and the sidecars end well on SIGTERM"
