import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from network import BESIDE  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def _address_beside_the_pods():
    subprocess.run(["ip", "address", "replace", f"{BESIDE}/32", "dev", "lo"], check=True)
