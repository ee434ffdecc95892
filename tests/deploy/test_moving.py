"""What docs/migrate.md says of clusters, done: into a bucket, back from a copy, from another server's folder."""

import os
import shutil
import tomllib

import pytest
import yaml

import test_containers
from charts import CHART, VERSIONS, containers, helm, one, render
from network import Bucket, garage, network
from pages import blocks, page
from pod import running
from podman import EJABBERDS, options, podman, run_by
from test_kinds import problem
from users import get, put, signed
from volumes import Volumes

PAGE = page("migrate").partition("## In a cluster\n")[2]
MANIFEST = (CHART / "jobs" / "store-copy.yaml").read_text()
# What an upgrade may change of a StatefulSet, of what the chart writes.
CHANGEABLE = {"replicas", "template"}


def manifest():
    config, job = yaml.safe_load_all(MANIFEST)
    return config, job


def job_pod():
    return manifest()[1]["spec"]["template"]["spec"]


def chart(**values):
    """As the page calls the release."""
    text = helm(
        *["template", "ejabberd", CHART, "--namespace", "chat", "--kube-version", "1.30", "--values", "-"],
        input=yaml.safe_dump({"hosts": ["example.org"], **values}),
    )
    return [item for item in yaml.safe_load_all(text) if item]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifest_is_one_that_kubernetes_takes(version):
    assert [found for found in (problem(item, version) for item in manifest()) if found] == []


def test_the_job_is_restricted_as_the_charts_pods_are():
    pod = job_pod()
    [container] = containers(pod)
    test_containers.test_the_pod_is_restricted("job", pod)
    test_containers.test_it_is_restricted("job", pod, container)
    test_containers.test_it_has_resources("job", pod, container)
    test_containers.test_it_writes_into_volumes_alone("job", pod, container)


def test_the_job_is_made_for_what_the_chart_is_called():
    items, pod = chart(), job_pod()
    [container] = containers(pod)
    stateful = one(items, "StatefulSet")
    claims = [each["metadata"]["name"] for each in stateful["spec"]["volumeClaimTemplates"]]
    claimed = [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v]
    assert claimed == [f"{name}-{stateful['metadata']['name']}-0" for name in claims if name == "files"]
    template = stateful["spec"]["template"]
    sidecar = next(each for each in containers(template["spec"]) if each["name"] == "sidecar")
    assert container["image"] == sidecar["image"]
    assert pod["securityContext"] == template["spec"]["securityContext"]
    [near] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    wanted = near["labelSelector"]["matchLabels"]
    assert wanted.items() <= template["metadata"]["labels"].items()
    labels = manifest()[1]["spec"]["template"]["metadata"]["labels"]
    assert not wanted.items() <= labels.items(), "the chart's Services would send requests there"


def test_the_values_of_the_page_lead_to_the_same_bucket_as_the_job():
    values = yaml.safe_load(blocks(PAGE, "yaml")[0])
    ours = tomllib.loads(one(chart(**values), "ConfigMap", "-sidecar")["data"]["sidecar.toml"])["store"]
    job = tomllib.loads(manifest()[0]["data"]["bucket.toml"])["store"]
    files = "secret_access_key_file"
    assert {k: v for k, v in job.items() if k != files}.items() <= ours.items()
    secret = values["secrets"]["s3"]["existingSecret"]
    [source] = [s["secret"] for s in job_pod()["volumes"][1]["projected"]["sources"] if "secret" in s]
    assert source == {"name": secret["name"], "items": [{"key": secret["key"], "path": job[files]}]}


@pytest.mark.parametrize(
    "values",
    [
        {"uploads": {"store": {"disk": {"size": "40Gi"}}}},
        {"uploads": {"store": {"disk": {"storageClass": "fast"}}}},
        {"ejabberd": {"persistence": {"size": "40Gi"}}},
        {"ejabberd": {"persistence": {"annotations": {"keep": "me"}}}},
        {"ejabberd": {"persistence": {"enabled": False}}},
        yaml.safe_load(blocks(PAGE, "yaml")[0]),
    ],
    ids=["size", "class", "database", "annotations", "off", "bucket"],
)
def test_claims_take_a_new_statefulset(values):
    before, after = one(chart(), "StatefulSet")["spec"], one(chart(**values), "StatefulSet")["spec"]
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed - CHANGEABLE == {"volumeClaimTemplates"}


def test_nothing_else_takes_a_new_statefulset():
    s3 = yaml.safe_load(blocks(PAGE, "yaml")[0])
    more = {"replicas": 3, "clustering": {"enabled": True}, "sql": {"enabled": True, "host": "db", "verify": False}}
    more |= {"secrets": s3["secrets"] | {"sql": {"value": "password"}}, "uploads": s3["uploads"]}
    before, after = one(chart(**s3), "StatefulSet")["spec"], one(chart(**more), "StatefulSet")["spec"]
    assert {key for key in before if before[key] != after[key]} <= CHANGEABLE


class Job:
    """The pod of the manifest, on a network."""

    def __init__(self, folder, hub, store, secret):
        self.folder, self.hub = folder, hub
        config, self.job = manifest()
        settings = tomllib.loads(config["data"]["bucket.toml"])["store"] | store
        lines = [f"{key} = {str(value).lower() if value is True else repr(value)}" for key, value in settings.items()]
        config["data"]["bucket.toml"] = "\n".join(["[store]", *lines])
        self.existing = {
            "store-copy": {key: text.encode() for key, text in config["data"].items()},
            "bucket": {"secret-access-key": secret.encode()},
        }

    def run(self, **claims):
        """What its container says, with these folders as claimed volumes."""
        pod = self.job["spec"]["template"]["spec"]
        [container] = containers(pod)
        volumes = Volumes(self.folder, [], pod["securityContext"]["runAsUser"], self.existing)
        shutil.rmtree(self.folder, ignore_errors=True)
        for volume in pod["volumes"]:
            if "persistentVolumeClaim" not in volume:
                volumes.make(volume)
        words = options(pod, container, {}, lambda name: claims.get(name, self.folder / name))
        return podman("run", "--rm", "--network", self.hub.name, *words, *run_by(container)).stdout.strip()


@pytest.fixture
def moving(tmp_path):
    bucket = Bucket()
    secret, s3 = bucket.secret, bucket.uploads["store"]["s3"]
    with network() as hub, garage(tmp_path, bucket):
        job = {name: s3[name] for name in ("bucket", "region", "endpoint")}
        job |= {"path_style": True, "access_key_id": bucket.key}
        values = yaml.safe_load(blocks(PAGE, "yaml")[0])
        values["uploads"]["store"]["s3"] |= s3
        yield tmp_path, hub, Job(tmp_path / "job", hub, job, secret), values, {"secret-access-key": secret.encode()}


def release(**values):
    """Whose certificate and secrets stay the same."""
    names = ("upload",) if "issuers" in values else ("upload", "issuer")
    secrets = {name: {"value": f"{name}-0123456789abcdef0123456789abcdef"} for name in names}
    given = {"hosts": ["example.org"], "ejabberd": {"image": {"tag": EJABBERDS[0]}}, **values}
    return render(given | {"secrets": secrets | values.get("secrets", {})})


def served(pod):
    """Its sidecar alone."""
    pod.run("configure")
    pod.start("sidecar")
    return pod


def test_files_move_into_a_bucket_while_the_pod_runs(moving):
    folder, hub, job, values, secret = moving
    with running(folder / "disk", release()) as old:
        served(old)
        first = signed(old, "first.txt", 5)
        assert put(old, first) == "201"
        assert job.run(files=old.volumes / "files").startswith("copied 1 ")
        between = signed(old, "between.txt", 5)
        assert put(old, between) == "201"
        old.end("sidecar")
    with running(folder / "s3", release(**values), existing={"bucket": secret}, network=hub) as new:
        served(new)
        assert get(new, first) == "hello"
        assert job.run(files=old.volumes / "files").startswith("copied 1 ")
        assert get(new, between) == "hello"
        assert put(new, first) == "409", "a slot that was used stays used"


def test_a_volume_comes_back_from_its_copy(moving):
    folder, _, job, _, _ = moving
    backup = folder / "backup"
    backup.mkdir()
    shutil.chown(backup, 9000, 9000)
    pod = job.job["spec"]["template"]["spec"]
    [container] = containers(pod)
    files, other = container["volumeMounts"]
    container["args"] = yaml.safe_load(blocks(PAGE, "yaml")[3])["args"]
    other |= {"name": "backup", "mountPath": "/backup", "readOnly": False}
    pod["volumes"][1] = {"name": "backup", "persistentVolumeClaim": {"claimName": "backup"}}
    with running(folder / "lost", release()) as lost:
        served(lost)
        url = signed(lost, "kept.txt", 5)
        assert put(lost, url) == "201"
        assert job.run(files=lost.volumes / "files", backup=backup).startswith("copied 1 ")
    source, target = container["args"][3], container["args"][5]
    container["args"][3], container["args"][5] = target, source
    files["readOnly"], other["readOnly"] = False, True
    with running(folder / "new", release()) as new:
        served(new)
        assert job.run(files=new.volumes / "files", backup=backup).startswith("copied 1 ")
        assert get(new, url) == "hello"


OLD = "45a6b241a242c97f0492d382c390dfa335aac986/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789aBcD/photo.jpg"
# As each of them has it: the folder, and the path of its URLs.
PEERS = {
    "mod_http_upload": (OLD, f"/upload/{OLD}"),
    "prosody-filer": ("5ba4d5e0/photo.jpg", "/upload/5ba4d5e0/photo.jpg"),
    "hmac-file-server": ("5ba4d5e0/photo.jpg", "/upload/5ba4d5e0/photo.jpg"),
}


def test_old_links_to_the_domain_lead_to_the_sidecar():
    values = yaml.safe_load(blocks(PAGE, "yaml")[2])
    proxied = {"enabled": True, "className": "nginx", "tls": False}
    items = chart(**values, ingress=proxied, ejabberd={"trustedProxies": ["10.0.0.0/8"]})
    ingress, web = one(items, "Ingress", "old-links"), one(items, "Service", "-web")
    assert problem(ingress, "1.30") is None
    [rule] = ingress["spec"]["rules"]
    service = rule["http"]["paths"][0]["backend"]["service"]
    assert service["name"] == web["metadata"]["name"]
    [port] = [port for port in web["spec"]["ports"] if port["name"] == service["port"]["name"]]
    assert port["targetPort"] == "public"


@pytest.mark.parametrize("kind", PEERS)
def test_the_folder_of_another_server_is_imported_in_the_pod(kind, tmp_path):
    path, url = PEERS[kind]
    with running(tmp_path, release(**yaml.safe_load(blocks(PAGE, "yaml")[1]))) as pod:
        file = pod.volumes / "old-uploads" / path
        file.parent.mkdir(parents=True)
        file.write_text("old")
        os.utime(file, (1700000000, 1700000000))
        served(pod)
        [command] = [line for block in blocks(PAGE, "sh") for line in block.splitlines() if "store import" in line]
        words = command.replace("mod_http_upload", kind).partition(" -- ")[2].split()
        assert pod.run("sidecar", *words).stdout.startswith("copied 1 ")
        assert get(pod, f"https://127.0.0.1:8080{url}") == "old"
