"""Each object is one that Kubernetes knows, by its own schemas, in each version."""

import kubernetes_validate
import pytest

from charts import NAMES, VERSIONS, objects

# Of operators and clouds: Kubernetes has no schema for these.
OTHERS = {
    "cert-manager.io/v1/Certificate",
    "cloud.google.com/v1/BackendConfig",
    "gateway.networking.k8s.io/v1/HTTPRoute",
    "monitoring.coreos.com/v1/PrometheusRule",
    "monitoring.coreos.com/v1/ServiceMonitor",
    "networking.gke.io/v1/ManagedCertificate",
}


def problem(item, version):
    try:
        kubernetes_validate.validate(item, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{item['kind']} {item['metadata']['name']}: {error.json_path}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        kind = f"{item['apiVersion']}/{item['kind']}"
        return None if kind in OTHERS else error.message
    return None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_objects_are_valid(name, version):
    items = objects(name, version)
    assert len(items) > 8
    assert [found for found in (problem(item, version) for item in items) if found] == []


def test_an_unknown_kind_and_an_unknown_field_are_found():
    assert problem({"apiVersion": "apps/v1", "kind": "StatefulSat", "metadata": {"name": "x"}}, "1.30")
    item = next(item for item in objects("minimal") if item["kind"] == "StatefulSet")
    item["spec"]["template"]["spec"]["securityContext"]["runAsUsr"] = 1
    assert "runAsUsr" in problem(item, "1.30")


def test_every_other_kind_is_rendered_somewhere():
    kinds = {f"{item['apiVersion']}/{item['kind']}" for name in NAMES for item in objects(name)}
    assert kinds >= OTHERS
