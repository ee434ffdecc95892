"""Where an installation keeps its files, looked into past the sidecar."""

import os
from pathlib import Path
from uuid import uuid4

from .bucket import Bucket


def of_environment(data: Path) -> tuple[Path | Bucket, dict[str, str]]:
    """On disk; below scripts/run-garage in its bucket, under a prefix of its own. And what
    scripts/configure has to be told then."""
    if "TEST_S3_ENDPOINT" not in os.environ:
        return data / "store", {}
    bucket = Bucket.of_environment(f"{uuid4()}/")
    section = data / "store.toml"
    section.write_text(bucket.section())
    return bucket, {"UP_STORE": str(section)}


def contents(store: Path | Bucket) -> dict[str, bytes]:
    """All that is stored, by name."""
    if isinstance(store, Bucket):
        return {name: store.read(name) for name in store.names()}
    files = [f for f in store.rglob("*") if f.is_file()]
    return {str(f.relative_to(store)): f.read_bytes() for f in files}
