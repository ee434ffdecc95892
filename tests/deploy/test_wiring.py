"""What one object says of another one is so: ports, selectors, volumes, routes, names."""

import json

import pytest
import yaml

from charts import NAMES, ROOT, containers, objects, one, pods, render

MAIN = "xmpp-ejabberd"


def of(items, kind):
    return [item for item in items if item["kind"] == kind]


def pod(items):
    return one(items, "StatefulSet")["spec"]["template"]


def ports(items):
    return [port for container in containers(pod(items)["spec"]) for port in container.get("ports", [])]


def number(items, port):
    """Of a Service's port, in the pod."""
    target = port.get("targetPort", port["port"])
    found = [each["containerPort"] for each in ports(items) if each["name"] == target]
    return found[0] if isinstance(target, str) else target


def selects(labels, given):
    return labels.items() <= given.items()


@pytest.mark.parametrize("name", NAMES)
def test_services_lead_to_ports_of_the_pod_and_of_no_other(name):
    items = objects(name)
    tests = [item["metadata"]["labels"] for item in of(items, "Pod")]
    assert tests
    listening = {(port["containerPort"], port.get("protocol", "TCP")) for port in ports(items)}
    for service in of(items, "Service"):
        selector = service["spec"]["selector"]
        assert selects(selector, pod(items)["metadata"]["labels"])
        assert not [labels for labels in tests if selects(selector, labels)]
        for port in service["spec"]["ports"]:
            relayed = port["name"].startswith("relay-") and service["metadata"]["name"].endswith("-turn")
            assert relayed or (number(items, port), port.get("protocol", "TCP")) in listening


@pytest.mark.parametrize("name", NAMES)
def test_what_a_service_leads_to_is_let_in(name):
    items = objects(name)
    policies = of(items, "NetworkPolicy")
    assert bool(policies) == (name != "oldest")
    for policy in policies:
        assert selects(policy["spec"]["podSelector"]["matchLabels"], pod(items)["metadata"]["labels"])
        assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        let_in = [port for rule in policy["spec"]["ingress"] for port in rule["ports"]]
        ranges = [(port["port"], port.get("endPort", port["port"]), port["protocol"]) for port in let_in]
        for service in of(items, "Service"):
            for port in service["spec"]["ports"]:
                at, protocol = number(items, port), port.get("protocol", "TCP")
                assert [first for first, last, by in ranges if first <= at <= last and by == protocol], port


@pytest.mark.parametrize("name", NAMES)
def test_who_looks_for_the_pods_finds_them(name):
    items = objects(name)
    stateful = one(items, "StatefulSet")["spec"]
    labels = pod(items)["metadata"]["labels"]
    [headless] = [each for each in of(items, "Service") if each["metadata"]["name"] == stateful["serviceName"]]
    assert headless["spec"]["clusterIP"] == "None"
    assert selects(stateful["selector"]["matchLabels"], labels)
    for budget in of(items, "PodDisruptionBudget"):
        assert selects(budget["spec"]["selector"]["matchLabels"], labels)
    for spread in pod(items)["spec"]["topologySpreadConstraints"]:
        assert selects(spread["labelSelector"]["matchLabels"], labels)


@pytest.mark.parametrize("name", NAMES)
def test_whatever_is_mounted_is_there(name):
    items = objects(name)
    made = {(item["kind"], item["metadata"]["name"]) for item in items}
    made |= {("Secret", item["spec"]["secretName"]) for item in of(items, "Certificate")}
    claims = [each["metadata"]["name"] for each in one(items, "StatefulSet")["spec"].get("volumeClaimTemplates", [])]
    for where, spec in pods(items):
        volumes = [volume["name"] for volume in spec["volumes"]]
        assert len(set(volumes)) == len(volumes)
        for container in containers(spec):
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounted <= {*volumes, *(claims if where == MAIN else [])}
        for volume in spec["volumes"]:
            sources = volume["projected"]["sources"] if "projected" in volume else [volume]
            wanted = {("ConfigMap", s["configMap"]["name"]) for s in sources if "configMap" in s}
            wanted |= {
                ("Secret", s["secret"].get("secretName") or s["secret"]["name"]) for s in sources if "secret" in s
            }
            # Others are there already, or are not the chart's to make.
            assert {each for each in wanted if each[1].startswith(MAIN)} <= made
        assert ("ServiceAccount", spec["serviceAccountName"]) in made


def backends(items):
    for item in of(items, "Ingress"):
        for rule in item["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                yield path["backend"]["service"]["name"], path["backend"]["service"]["port"]["name"]
    for item in of(items, "HTTPRoute"):
        for rule in item["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                yield backend["name"], backend["port"]


@pytest.mark.parametrize("name", NAMES)
def test_routes_lead_to_ports_of_a_service(name):
    items = objects(name)
    there = {
        (service["metadata"]["name"], port[key])
        for service in of(items, "Service")
        for port in service["spec"]["ports"]
        for key in ("name", "port")
    }
    assert set(backends(items)) <= there


BEHIND = {"ejabberd": {"trustedProxies": ["10.0.0.0/8"]}, "tls": {"existingSecret": "x"}}
WAYS = {
    "ingress": {**BEHIND, "ingress": {"enabled": True}},
    "gateway": {**BEHIND, "gateway": {"enabled": True, "parentRefs": [{"name": "public"}]}},
}
WEB = {"/ws", "/bosh", "/.well-known/host-meta", "/.well-known/host-meta.json"}


def routes(items):
    """Which names and paths lead to ejabberd, and which to the sidecar."""
    found = {"web": set(), "upload": set()}
    for item in of(items, "Ingress"):
        for rule in item["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                kind = path["backend"]["service"]["port"]["name"].removeprefix("http-")
                found[kind].add((rule["host"], path["path"]))
    for item in of(items, "HTTPRoute"):
        kind = item["metadata"]["name"].rpartition("-")[2]
        [rule] = item["spec"]["rules"]
        assert rule["timeouts"] == {"request": "0s"}, "neither a WebSocket nor an upload is over so soon"
        paths = [match["path"]["value"] for match in rule.get("matches", [{"path": {"value": "/"}}])]
        found[kind] |= {(host, path) for host in item["spec"]["hostnames"] for path in paths}
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("uploads", "names"),
    [
        ({}, ["upload.a.example"]),
        ({"host": "files.b.example"}, ["files.b.example"]),
        # Clients never ask the component's name for a file.
        ({"url": "https://cdn.c.example:8443/u/@HOST@"}, ["cdn.c.example"]),
        ({"url": "https://up.@HOST@/u/@HOST@"}, ["up.a.example", "up.b.example"]),
        ({"url": "https://a.example/u/@HOST@"}, ["a.example"]),
        ({"enabled": False}, []),
    ],
)
def test_web_clients_and_files_are_led_to_where_their_addresses_say(way, uploads, names):
    hosts = ["a.example", "b.example"]
    items = render({"hosts": hosts, "uploads": uploads, **WAYS[way]})
    found = routes(items)
    assert found["web"] == {(host, path) for host in hosts for path in WEB}
    assert found["upload"] == {(name, "/") for name in names}
    for item in of(items, "Ingress"):
        rules = [rule["host"] for rule in item["spec"]["rules"]]
        assert len(set(rules)) == len(rules), "controllers differ in what they do with a name that stands twice"
        assert item["spec"]["tls"] == [{"secretName": "x", "hosts": rules}]
    signed = {"tls": {"certManager": {"enabled": True, "issuerRef": {"name": "ca"}}}}
    certificate = one(render({"hosts": hosts, "uploads": uploads, **signed}), "Certificate")
    assert {*hosts, *names} <= set(certificate["spec"]["dnsNames"])
    assert len(set(certificate["spec"]["dnsNames"])) == len(certificate["spec"]["dnsNames"])


def test_prometheus_finds_the_metrics_and_the_alerts():
    items = objects("cluster")
    monitor = one(items, "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    [service] = [each for each in of(items, "Service") if selects(wanted, each["metadata"]["labels"])]
    [endpoint] = monitor["spec"]["endpoints"]
    [port] = [port for port in service["spec"]["ports"] if port["name"] == endpoint["port"]]
    assert number(items, port) == 8082
    assert endpoint["path"] == "/metrics"
    assert "namespaceSelector" not in monitor["spec"], "its own"
    rules = one(items, "PrometheusRule")
    given = yaml.safe_load((ROOT / "docs/monitoring/alerts.yml").read_text())
    names = [[rule["alert"] for rule in group["rules"]] for group in given["groups"]]
    assert [[rule["alert"] for rule in group["rules"]] for group in rules["spec"]["groups"]] == names
    books = [rule["annotations"]["runbook"] for group in rules["spec"]["groups"] for rule in group["rules"]]
    assert all(book.startswith("https://example.org/ejabberd-sidecar/docs/") for book in books)
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    dashboard = one(items, "ConfigMap", "-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(dashboard["data"]["ejabberd-sidecar.json"])["panels"]


@pytest.mark.parametrize(
    ("host", "uploads", "too_large"),
    [
        ({}, {}, 104857601),
        ({}, {"maxSize": "1GB"}, 10**9 + 1),
        ({"max_size": "2GiB"}, {}, 2 * 2**30 + 1),
        ({"max_size": 3000000000}, {}, 3000000001),
    ],
)
def test_helm_test_knows_what_is_too_large(host, uploads, too_large):
    values = {"hosts": ["a.example"], "uploads": uploads, "sidecar": {"hostConfig": {"a.example": {"upload": host}}}}
    [hurl] = one(render(values), "Pod")["spec"]["containers"]
    [entry] = [entry for entry in hurl["env"] if entry["name"] == "TOO_LARGE"]
    assert entry["value"] == str(too_large)
