"""As much of a Kubernetes API as helm needs for `lookup`: which kinds there are, and the Secrets of one namespace."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

GROUPS = {
    "v1": ["Secret", "Service", "ConfigMap", "ServiceAccount", "Pod", "Namespace"],
    "apps/v1": ["StatefulSet"],
    "networking.k8s.io/v1": ["NetworkPolicy", "Ingress"],
    "policy/v1": ["PodDisruptionBudget"],
    # Of operators and clouds.
    "cert-manager.io/v1": ["Certificate"],
    "gateway.networking.k8s.io/v1": ["HTTPRoute"],
    "monitoring.coreos.com/v1": ["PrometheusRule", "ServiceMonitor"],
    "cloud.google.com/v1": ["BackendConfig"],
    "networking.gke.io/v1": ["ManagedCertificate"],
}


def resources(group):
    items = [
        {
            "name": kind.lower() + "s",
            "singularName": kind.lower(),
            "kind": kind,
            "namespaced": True,
            "verbs": ["get"],
        }
        for kind in GROUPS[group]
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": items}


def groups():
    found = []
    for group in GROUPS.keys() - {"v1"}:
        version = {"groupVersion": group, "version": "v1"}
        found.append({"name": group.split("/")[0], "versions": [version], "preferredVersion": version})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def answer(path, secrets):
    parts = path.partition("?")[0].strip("/").split("/")
    match parts:
        case ["version"]:
            return {"major": "1", "minor": "30", "gitVersion": "v1.30.0"}
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            return groups()
        case ["api", "v1"]:
            return resources("v1")
        case ["apis", group, "v1"] if f"{group}/v1" in GROUPS:
            return resources(f"{group}/v1")
        case ["api", "v1", "namespaces", _, "secrets", name]:
            return secrets.get(name)
        case _:
            return None


@contextmanager
def cluster(folder, secrets):
    """The arguments with which helm asks a cluster that has these Secrets."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = answer(self.path, secrets)
            missing = {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
            body = json.dumps(missing if found is None else found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "it", "user": {}}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    try:
        yield [
            "--kubeconfig",
            file,
            "--dry-run=server",
            "--disable-openapi-validation",
            "--namespace",
            "chat",
        ]
    finally:
        server.shutdown()
        server.server_close()
