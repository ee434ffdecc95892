"""What is wrong with an object, by the schema of its kind: Kubernetes' own, an operator's, or Google's."""

import gzip
import json
import os
from functools import cache

import jsonschema
import kubernetes_validate

OPERATORS = {
    "cert-manager.io/v1/Certificate",
    "gateway.networking.k8s.io/v1/HTTPRoute",
    "monitoring.coreos.com/v1/PrometheusRule",
    "monitoring.coreos.com/v1/ServiceMonitor",
    "snapshot.storage.k8s.io/v1/VolumeSnapshot",
}
# No package has schemas of these that could be closed, so here is what the values for GKE use, as Google tells it:
# https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration
# https://cloud.google.com/kubernetes-engine/docs/how-to/managed-certs
CHECK = {"type": {"enum": ["HTTP", "HTTPS", "HTTP2"]}, "requestPath": {"type": "string"}, "port": {"type": "integer"}}
GOOGLE = {
    "cloud.google.com/v1/BackendConfig": {
        "timeoutSec": {"type": "integer"},
        "healthCheck": {"type": "object", "properties": CHECK},
    },
    "networking.gke.io/v1/ManagedCertificate": {
        "domains": {"type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 63}},
    },
}
OTHERS = OPERATORS | GOOGLE.keys()


def kind(item):
    return f"{item['apiVersion']}/{item['kind']}"


def closed(schema):
    """Trap: a cluster drops the fields that it does not know, so its schemas do not refuse them."""
    schema = dict(schema)
    if "items" in schema:
        schema["items"] = closed(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = closed(schema["additionalProperties"])
    elif schema.get("type") == "object":
        schema["properties"] = {name: closed(field) for name, field in schema.get("properties", {}).items()}
        schema.setdefault("additionalProperties", False)
    return schema


@cache
def validators():
    with gzip.open(os.environ["CRDS"]) as file:
        known = json.load(file)
    specs = {name: {"type": "object", "properties": fields} for name, fields in GOOGLE.items()}
    for name in OPERATORS:
        group, version, last = name.split("/")
        names = {"group": group, "version": version, "kind": last}
        [schema] = [each for each in known[last.lower()] if names in each["x-kubernetes-group-version-kind"]]
        specs[name] = schema["properties"]["spec"]
    made = {}
    for name, spec in specs.items():
        fields = {"apiVersion": {}, "kind": {}, "metadata": {}, "spec": spec}
        schema = closed({"type": "object", "properties": fields, "required": list(fields)})
        made[name] = jsonschema.Draft202012Validator(schema)
    return made


def problem(item, version):
    try:
        if kind(item) in OTHERS:
            validators()[kind(item)].validate(item)
            # Metadata is Kubernetes' own, and the same in all kinds.
            item = {"apiVersion": "v1", "kind": "Namespace", "metadata": item["metadata"]}
        kubernetes_validate.validate(item, version, strict=True)
    except jsonschema.ValidationError as error:
        return f"{item['kind']} {item['metadata']['name']}: {error.json_path}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return error.message
    return None
