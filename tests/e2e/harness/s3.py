"""An S3 server on loopback, its buckets folders on disk."""

from pathlib import Path

from .bucket import Bucket
from .paths import S3_SERVER
from .processes import Process


class S3Server:
    ACCESS_KEY = "test-access-key"
    SECRET_KEY = "test-secret-key-0123456789"

    def __init__(self, root: Path, log: Path):
        root.mkdir()
        self.root = root
        self._process = Process([S3_SERVER, "--port", "0", "--root", root], log)
        self._process.wait_until("listens", lambda: "listening on" in log.read_text())
        self.endpoint = f"http://{log.read_text().split('listening on ')[1].split()[0]}"

    def stop(self) -> None:
        self._process.stop()

    def section(self) -> str:
        """The [store] of a sidecar that keeps its files here."""
        return Bucket(
            self.endpoint, "us-east-1", "uploads", self.ACCESS_KEY, self.SECRET_KEY
        ).section()
