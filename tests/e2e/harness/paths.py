"""Where things are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "scripts"
HURL_TESTS = ROOT / "hurl-tests"

# PROFILE=release for who measures.
_TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / os.environ.get("PROFILE", "debug")
SIDECAR = _TARGET / "ejabberd-sidecar"
S3_SERVER = _TARGET / "examples" / "s3-server"
