"""The operator's pages: kubectl and helm know their commands, and what they name is what the chart makes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from charts import CHART, ROOT, VERSIONS, helm, one, values_file
from kinds import problem
from pages import blocks, page
from pod import running

NAMES = ("deploy", "deploy-kind", "deploy-gke", "deploy-eks", "migrate")
PAGES = {name: page(name) for name in NAMES}
# What commands read.
FILES = (
    "jwks.json",
    "hmac",
    "secret",
    "secret-access-key",
    "bucket.key",
    "mnesia.backup",
    "my-values.yaml",
    "files.yaml",
)


def commands(name):
    lines = [line for block in blocks(PAGES[name], "sh") for line in block.splitlines()]
    lines += re.findall(r"`(kubectl -n chat [^`…]+)`", PAGES[name])
    return [line.removesuffix(" &") for line in lines if line.startswith(("kubectl ", "helm "))]


COMMANDS = [pytest.param(line, id=f"{page}-{number}") for page in NAMES for number, line in enumerate(commands(page))]


@pytest.fixture
def nowhere(tmp_path):
    """The repository's folder as far as commands name it, programs, and a cluster that is not there."""
    (tmp_path / "helm").symlink_to(ROOT / "helm")
    for name in FILES:
        (tmp_path / name).touch()
    [claim] = [block for block in blocks(PAGES["deploy"], "yaml") if block.startswith("# files.yaml")]
    (tmp_path / "files.yaml").write_text(claim)
    (tmp_path / "bin").mkdir()
    path = f"{Path(os.environ['HELM']).parent}:{os.environ['PATH']}"
    (tmp_path / "bin" / "helm").symlink_to(os.environ["HELM"])
    (tmp_path / "bin" / "kubectl").symlink_to(shutil.which("kubectl", path=path))
    clusters = [{"name": "no", "cluster": {"server": "http://127.0.0.1:1"}}]
    contexts = [{"name": "no", "context": {"cluster": "no", "user": "no"}}]
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "no", "clusters": clusters, "contexts": contexts}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config | {"users": [{"name": "no", "user": {}}]}))
    return tmp_path


def told(command, folder):
    given = {
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "KUBECONFIG": str(folder / "kubeconfig"),
        "HOME": str(folder),
    }
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=given, capture_output=True, text=True, timeout=60)
    return done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_kubectl_and_helm_get_as_far_as_to_ask_the_cluster(command, nowhere):
    errors = told(command, nowhere)
    assert "connection refused" in errors or "was refused" in errors, errors


def test_what_kubectl_does_not_know_is_found(nowhere):
    assert "refused" not in told("kubectl -n chat delete statefulset ejabberd --cascade=orphans", nowhere)


def test_every_page_has_commands():
    assert all(commands(page) for page in NAMES)


def manifests(name):
    found = [item for block in blocks(PAGES[name], "yaml") for item in yaml.safe_load_all(block)]
    return [item for item in found if item and "apiVersion" in item]


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid(version):
    items = [item for page in NAMES for item in manifests(page)]
    assert {item["kind"] for item in items} == {"StorageClass", "PersistentVolumeClaim", "VolumeSnapshot"}
    assert [found for found in (problem(item, version) for item in items) if found] == []


def chart(*arguments):
    """As the pages call the release."""
    text = helm("template", "ejabberd", CHART, "--namespace", "chat", "--kube-version", "1.30", *arguments)
    return [item for item in yaml.safe_load_all(text) if item]


def test_a_snapshot_comes_back_as_the_volume_that_the_pod_claims():
    snapshot, claim = manifests("deploy")
    stateful = one(chart("--set", "hosts={example.org}"), "StatefulSet")
    [files] = [each for each in stateful["spec"]["volumeClaimTemplates"] if each["metadata"]["name"] == "files"]
    assert claim["metadata"]["name"] == f"files-{stateful['metadata']['name']}-0"
    assert claim["metadata"]["labels"] == files["metadata"]["labels"]
    assert claim["spec"].pop("dataSource")["name"] == snapshot["metadata"]["name"]
    assert claim["spec"] == files["spec"]
    assert snapshot["spec"]["source"]["persistentVolumeClaimName"] == claim["metadata"]["name"]


@pytest.mark.parametrize("cloud", ["gke", "eks"])
def test_a_clouds_page_makes_what_its_values_need(cloud):
    values = yaml.safe_load(values_file(cloud).read_text())
    made = " ".join(commands(f"deploy-{cloud}"))
    secret = values["secrets"]["s3"]["existingSecret"]
    assert f"secret generic {secret['name']} --from-file={secret['key']}" in made
    [keys] = [issuer["configMap"] for issuer in values["issuers"]]
    assert f"configmap {keys['name']} --from-file={keys['key']}" in made
    items = chart("--values", values_file(cloud))
    for kind, _, name in re.findall(r"(certificate|ingress|service)(/)(\S+)", made):
        assert one(items, kind.capitalize(), name)["metadata"]["name"] == name
    text = PAGES[f"deploy-{cloud}"]
    store = values["uploads"]["store"]["s3"]
    assert store["bucket"] in text
    assert values["sidecar"]["image"]["repository"].replace("/project/", "/PROJECT/") in text
    classes = {item["metadata"]["name"] for item in manifests("deploy-eks")} if cloud == "eks" else {"premium-rwo"}
    assert values["ejabberd"]["persistence"]["storageClass"] in classes


def test_kinds_page_brings_the_image_that_the_pod_asks_for():
    stateful = one(chart("--values", values_file("kind")), "StatefulSet")["spec"]["template"]["spec"]
    images = {
        c["image"]: c["imagePullPolicy"] for c in stateful["initContainers"] if c["name"] in ("sidecar", "bridge")
    }
    [image] = images
    assert images[image] == "Never"
    lines = [line for block in blocks(PAGES["deploy-kind"], "sh") for line in block.splitlines()]
    assert lines.count(f"IMAGE={image} make image") == 2
    assert f"kind load docker-image {image} --name chat" in lines
    assert f"minikube image load {image} --profile chat" in lines


def test_kinds_page_logs_in_and_uploads(tmp_path):
    items = chart("--values", values_file("kind"))
    for item in items:
        # The harness knows one name.
        if item["kind"] == "StatefulSet":
            item["metadata"]["name"] = "xmpp-ejabberd"
    exec_ = [line.partition(" -- ")[2].split() for line in commands("deploy-kind") if " exec " in line]
    with running(tmp_path, items) as pod:
        pod.run("configure")
        pod.start("sidecar")
        mint, sign = (pod.run("sidecar", *words).stdout.strip() for words in exec_)
        check = ["token", "check", "--config", "/etc/ejabberd-sidecar/sidecar.toml", "--user", "alice", mint]
        assert pod.run("sidecar", "/ejabberd-sidecar", *check).returncode == 0
        forwarded = sign.replace("https://upload.localhost:8443", "https://127.0.0.1:8080")
        assert forwarded != sign
        (tmp_path / "hello.txt").write_text("hello")
        done = pod.outside("curl", "--noproxy", "*", "-fsk", "-T", tmp_path / "hello.txt", forwarded)
        assert done.returncode == 0, done.stderr
