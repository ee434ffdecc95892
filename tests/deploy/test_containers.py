"""What holds for each container of each values file."""

import pytest

from charts import NAMES, containers, objects, pods

EVERY = [
    pytest.param(name, pod, container, id=f"{name}-{where}-{container['name']}")
    for name in NAMES
    for where, pod in pods(objects(name))
    for container in containers(pod)
]
PODS = [pytest.param(name, pod, id=f"{name}-{where}") for name in NAMES for where, pod in pods(objects(name))]
# Those that end by themselves.
SHORT = {"configure", "peers", "tables", "bridge", "extra-before", "program", "hurl"}


@pytest.mark.parametrize(("name", "pod", "container"), EVERY)
def test_it_is_restricted(name, pod, container):
    context = container["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not context.get("privileged")
    assert "runAsUser" not in context
    added = context["capabilities"].get("add", [])
    assert context["capabilities"]["drop"] == ["ALL"]
    # Trap: without it the stock image's beam.smp cannot be executed.
    assert added == (["NET_BIND_SERVICE"] if container["name"] in ("ejabberd", "peers", "tables") else [])
    assert not any("hostPort" in port for port in container.get("ports", []))


@pytest.mark.parametrize(("name", "pod", "container"), EVERY)
def test_it_has_resources(name, pod, container):
    resources = container["resources"]
    assert {"cpu", "memory"} <= resources["requests"].keys()
    assert "memory" in resources["limits"]


@pytest.mark.parametrize(("name", "pod", "container"), EVERY)
def test_its_probes_have_time_on_a_busy_node(name, pod, container):
    """Kubernetes' own is a second."""
    probes = [container[key] for key in container if key.endswith("Probe")]
    assert all(probe.get("timeoutSeconds", 1) >= 3 for probe in probes)


@pytest.mark.parametrize(("name", "pod", "container"), EVERY)
def test_it_has_the_probes_of_its_kind(name, pod, container):
    probes = {key for key in container if key.endswith("Probe")}
    if container["name"] in SHORT:
        assert probes == set()
    elif container["name"] == "reload":
        assert probes == {"livenessProbe"}
    else:
        assert probes == {"startupProbe", "readinessProbe", "livenessProbe"}


@pytest.mark.parametrize(("name", "pod", "container"), EVERY)
def test_it_writes_into_volumes_alone(name, pod, container):
    """With a read-only root, what a program needs to write is a volume that can be written."""
    kinds = {volume["name"]: volume for volume in pod.get("volumes", [])}
    mounts = {mount["name"]: mount for mount in container.get("volumeMounts", [])}
    for mount in mounts.values():
        assert "subPath" not in mount, "a file that is mounted by itself is never renewed"
        volume = kinds.get(mount["name"], {})
        if {"configMap", "secret", "projected"} & volume.keys():
            assert mount["readOnly"] is True
    if container["name"] == "ejabberd":
        writable = {mount["mountPath"] for mount in mounts.values() if not mount.get("readOnly")}
        assert writable == {"/opt/ejabberd", "/opt/ejabberd/database", "/tmp", "/run/ejabberd-sidecar"}


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_the_pod_is_restricted(name, pod):
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    # Trap: the image names its user, and Kubernetes needs the number to know that it is not root.
    assert pod["securityContext"]["runAsUser"] == 9000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert bool(pod.get("hostNetwork")) == (name == "hostnetwork" and len(pod["containers"]) > 1)
    assert not pod.get("hostPID")
    assert not pod.get("hostIPC")
    for volume in pod["volumes"]:
        assert "hostPath" not in volume
        assert not any("serviceAccountToken" in source for source in volume.get("projected", {}).get("sources", []))
        if "emptyDir" in volume:
            assert volume["emptyDir"]["sizeLimit"]
