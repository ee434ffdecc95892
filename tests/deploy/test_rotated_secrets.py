"""Secrets that the chart made, rotated by the commands of docs/deploy.md: upgrades keep what those wrote."""

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from charts import CHART, helm
from cluster import cluster
from pages import blocks, page
from test_secrets import data, installed

# `patch` is the real one, at a file in place of a cluster.
KUBECTL = """#!/bin/sh -e
case "$3 $4 $5" in
"get secret ejabberd-secrets")
    path=${7#jsonpath=?}
    jq --exit-status --join-output "${path%?}" secret
    ;;
"patch secret ejabberd-secrets")
    "$REAL" patch --local --filename secret --output json "$6" "$7" >new
    mv new secret
    ;;
"rollout restart statefulset/ejabberd") ;;
*) exit 1 ;;
esac
"""


SECTION = page("deploy").partition("\n## Secrets\n")[2].partition("\n## ")[0]


def rendered(arguments, kept):
    """What helm makes of a host, asking the cluster, which then has it."""
    text = helm("template", "ejabberd", CHART, "--set", "hosts={example.org}", *arguments)
    items = [item for item in yaml.safe_load_all(text) if item]
    kept.update(installed(items, "ejabberd"))
    return items


@pytest.fixture
def run(tmp_path):
    (tmp_path / "kubectl").write_text(KUBECTL)
    (tmp_path / "kubectl").chmod(0o755)
    real = shutil.which("kubectl", path=f"{Path(os.environ['HELM']).parent}:{os.environ['PATH']}")

    def run(block, kept):
        """The commands at the Secret, as the cluster keeps what they wrote."""
        file = tmp_path / "secret"
        file.write_text(json.dumps(kept["ejabberd-secrets"]))
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "REAL": real, "HOME": str(tmp_path)}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        secret = json.loads(file.read_text())
        given = secret.pop("stringData", {})
        secret["data"] |= {key: base64.b64encode(value.encode()).decode() for key, value in given.items()}
        kept["ejabberd-secrets"] = secret

    return run


def test_what_was_rotated_is_kept(run, tmp_path):
    [component, upload] = blocks(SECTION, "sh")
    kept = {}
    with cluster(tmp_path, kept) as arguments:
        before = data(rendered(arguments, kept))
        run(component, kept)
        run(upload, kept)
        after = data(rendered(arguments, kept))
    assert after["component"] != before["component"]
    assert re.fullmatch("[0-9a-f]{64}", after["component"])
    first, second = after["upload"].splitlines()
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert second == before["upload"]
    unchanged = before.keys() - {"component", "upload"}
    assert unchanged
    assert {key: after[key] for key in unchanged} == {key: before[key] for key in unchanged}
