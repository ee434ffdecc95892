"""What every chart for ejabberd gets wrong at first, each with its reason in docs/deploy.md."""

import re

import pytest
import yaml

from charts import NAMES, objects, one, pods, render


def ejabberd(items):
    return next(pod for name, pod in pods(items) if name == "xmpp-ejabberd")


def named(containers, name):
    return next(container for container in containers if container["name"] == name)


def environment(container):
    return {entry["name"]: entry.get("value") for entry in container["env"]}


@pytest.mark.parametrize("name", NAMES)
def test_ejabberd_is_stopped_by_its_own_command(name):
    """Newer images' SIGTERM does not reach Erlang."""
    pod = ejabberd(objects(name))
    hook = named(pod["containers"], "ejabberd")["lifecycle"]["preStop"]["exec"]["command"]
    assert hook == ["sh", "-c", "ejabberdctl stop && ejabberdctl stopped"]
    assert pod["terminationGracePeriodSeconds"] >= 60


@pytest.mark.parametrize("name", NAMES)
def test_the_node_has_a_full_name_and_one_port_and_no_dump(name):
    pod = ejabberd(objects(name))
    values = environment(named(pod["containers"], "ejabberd"))
    assert values["ERLANG_NODE_ARG"] == "ejabberd@$(POD_NAME).xmpp-ejabberd-headless.chat.svc.cluster.local"
    assert values["ERL_DIST_PORT"] == "5210"
    assert values["ERL_CRASH_DUMP_BYTES"] == "0"
    assert ("ERL_AFLAGS" in values) == (name == "hostnetwork") == ("hostAliases" in pod)
    # It is ignored by the image, or echoes what it is given.
    assert not {"ERLANG_NODE", "ERLANG_COOKIE", "CTL_ON_CREATE", "CTL_ON_START"} & values.keys()
    assert one(objects(name), "StatefulSet")["spec"]["podManagementPolicy"] == "OrderedReady"
    headless = one(objects(name), "Service", "-headless")["spec"]
    assert headless["publishNotReadyAddresses"] is True
    assert headless["clusterIP"] == "None"


@pytest.mark.parametrize(("version", "native"), [("1.28", False), ("1.29", True), ("1.35", True)])
def test_the_sidecar_starts_first_where_kubernetes_can(version, native):
    pod = ejabberd(objects("minimal", version))
    inside, beside = pod["initContainers"], pod["containers"]
    assert any(container["name"] == "sidecar" for container in inside) == native
    assert any(container["name"] == "sidecar" for container in beside) != native
    sidecar = named(inside + beside, "sidecar")
    assert sidecar.get("restartPolicy") == ("Always" if native else None)
    # It drains on SIGTERM; a hook of its own would run at once.
    assert "lifecycle" not in sidecar
    assert sidecar["startupProbe"]["httpGet"]["path"] == "/readyz"
    names = [container["name"] for container in inside]
    assert names.index("configure") < names.index("bridge")


@pytest.mark.parametrize("choice", ["always", "never"])
def test_native_can_be_chosen(choice):
    pod = ejabberd(render({"hosts": ["a.example"], "sidecar": {"native": choice}}, "1.28"))
    names = [container["name"] for container in pod["initContainers"]]
    assert ("sidecar" in names) == (choice == "always")


def test_probes_ask_for_a_login_and_not_for_the_status():
    pod = ejabberd(objects("minimal"))
    container = named(pod["containers"], "ejabberd")
    for probe, word in ("startupProbe", "ready"), ("readinessProbe", "ready"), ("livenessProbe", "alive"):
        assert container[probe]["exec"]["command"] == ["sh", "/opt/chart/probe.sh", word]
    assert "ejabberd-probe" in one(objects("minimal"), "ConfigMap", "-sidecar")["data"]["users"]


@pytest.mark.parametrize(
    ("version", "clients", "schema"),
    [
        ("23.01", "clients-23.01.yml", "new_sql_schema"),
        ("23.04", "clients-23.01.yml", "new_sql_schema"),
        ("23.10", "clients-23.01.yml", "new_sql_schema"),
        ("25.08", "clients-23.01.yml", "new_sql_schema"),
        ("25.10", "clients-23.01.yml", "sql_schema_multihost"),
        ("26.03", "clients-23.01.yml", "sql_schema_multihost"),
        ("26.04", "clients-26.04.yml", "sql_schema_multihost"),
        ("26.07-alpine", "clients-26.04.yml", "sql_schema_multihost"),
    ],
)
def test_options_are_those_of_the_version(version, clients, schema):
    values = {
        "hosts": ["a.example"],
        "ejabberd": {"image": {"tag": version}},
        "sql": {"enabled": True, "host": "db", "verify": False},
        "secrets": {"sql": {"value": "x"}},
    }
    data = one(render(values), "ConfigMap", "-ejabberd")["data"]
    assert [name for name in data if name.startswith("clients")] == [clients]
    assert f"{schema}: true" in data["sql.yml"]
    makes = version not in ("23.01", "23.04")
    assert ("update_sql_schema: true" in data["sql.yml"]) == makes
    assert ("tables.yml" in data) == makes
    assert ("tables" in [container["name"] for container in ejabberd(render(values))["initContainers"]]) == makes


@pytest.mark.parametrize("name", NAMES)
def test_what_is_included_is_there_and_named_by_its_whole_path(name):
    data = one(objects(name), "ConfigMap", "xmpp-ejabberd-ejabberd")["data"]
    included = set(re.findall(r'"(\S+\.yml)"', data["ejabberd.yml"] + data["parts.yml"]))
    included.remove("/run/ejabberd/local.yml")
    assert {path.rpartition("/")[0] for path in included} == {"/opt/ejabberd/conf"}
    files = {path.rpartition("/")[2] for path in included}
    assert files == data.keys() - {"ejabberd.yml", "tables.yml", "inetrc"}
    assert "inetrc" in data, "ERL_INETRC names it, and the image's own is hidden"


def test_all_names_are_in_the_certificate():
    wanted = {
        f"{part}{host}" for host in ("example.org", "example.net") for part in ("", "conference.", "pubsub.", "upload.")
    }
    assert set(one(objects("cluster"), "Certificate")["spec"]["dnsNames"]) == wanted


def test_pods_join_alone_where_that_was_asked_for():
    once = named(ejabberd(objects("cluster"))["containers"], "ejabberd")
    assert once["lifecycle"]["postStart"]["exec"]["command"] == ["sh", "/opt/chart/join.sh"]
    before = named(ejabberd(objects("cluster"))["initContainers"], "peers")
    assert before["command"] == ["sh", "/opt/chart/peers.sh"]
    assert environment(before)["CLUSTER_FIRST"] == "xmpp-ejabberd-0"
    assert environment(before)["ERL_DIST_PORT"] == environment(once)["ERL_DIST_PORT"]
    alone = named(ejabberd(objects("minimal"))["containers"], "ejabberd")
    assert "postStart" not in alone["lifecycle"]
    assert "CLUSTER_FIRST" not in environment(alone)
    assert "peers" not in [container["name"] for container in ejabberd(objects("minimal"))["initContainers"]]


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"oldest"}))
def test_nodes_are_reached_by_each_other_alone(name):
    rules = one(objects(name), "NetworkPolicy")["spec"]["ingress"]
    ports = [(rule, port["port"]) for rule in rules for port in rule.get("ports", [])]
    [rule] = [rule for rule, port in ports if port == 5210]
    own = {"app.kubernetes.io/name": "ejabberd", "app.kubernetes.io/instance": "xmpp"}
    assert rule["from"] == [{"podSelector": {"matchLabels": own}}]
    for rule, port in ports:
        assert port not in (5281, 5347, 8081), "these are of the pod alone"
        assert port != 8082 or rule["from"], "metrics are nobody's business"
    assert all(rule.get("ports") for rule in rules)


def test_uploads_pass_the_ingress():
    annotations = one(objects("calls"), "Ingress")["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-body-size"] == "0"
    assert annotations["nginx.ingress.kubernetes.io/proxy-request-buffering"] == "off"
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) >= 3600


def test_the_proxy_protocol_is_for_clients_and_servers_alone():
    """Trap: mod_fail2ban would ban the balancer."""
    data = one(objects("cluster"), "ConfigMap", "xmpp-ejabberd-ejabberd")["data"]
    counts = {name: text.count("use_proxy_protocol: true") for name, text in data.items()}
    assert {name: count for name, count in counts.items() if count} == {"clients-26.04.yml": 2, "federation.yml": 1}
    assert not [name for name in NAMES if name != "cluster" and "use_proxy_protocol" in str(objects(name))]


def test_a_relay_opens_all_of_its_ports():
    items = objects("calls")
    ports = [port["port"] for port in one(items, "Service", "-turn")["spec"]["ports"]]
    assert ports == [3478, *range(49152, 49168)]
    calls = one(items, "ConfigMap", "xmpp-ejabberd-ejabberd")["data"]["calls.yml"]
    assert "turn_min_port: 49152" in calls
    assert "turn_max_port: 49167" in calls


def test_on_its_nodes_network_the_pod_finds_what_is_in_the_cluster():
    """By the node's own names it would not: PostgreSQL, a bucket, itself."""
    assert ejabberd(objects("hostnetwork"))["dnsPolicy"] == "ClusterFirstWithHostNet"


@pytest.mark.parametrize("name", NAMES)
def test_files_with_secrets_change_no_rule(name):
    """Whoever writes a secret would otherwise write a configuration."""
    main = yaml.safe_load(one(objects(name), "ConfigMap", "xmpp-ejabberd-ejabberd")["data"]["ejabberd.yml"])
    included = main["include_config_file"]
    assert included.pop("/opt/ejabberd/conf/parts.yml") == {}
    assert included == {
        path: {"allow_only": ["define_macro"]} for path in ("/opt/ejabberd/conf/macros.yml", "/run/ejabberd/local.yml")
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_hook_is_a_socket_that_both_containers_have(name):
    pod = ejabberd(objects(name))
    socket = "unix:/run/ejabberd-sidecar/hook.sock"
    macros = yaml.safe_load(one(objects(name), "ConfigMap", "xmpp-ejabberd-ejabberd")["data"]["macros.yml"])
    program = macros["define_macro"]["EXTAUTH_PROGRAM"]
    assert program == f"/opt/ejabberd-sidecar/ejabberd-sidecar extauth --hook {socket}"
    assert f'hook = "{socket}"' in one(objects(name), "ConfigMap", "-sidecar")["data"]["sidecar.toml"]
    every = [*pod["initContainers"], *pod["containers"]]
    mounts = {
        (container["name"], mount["name"]): mount for container in every for mount in container.get("volumeMounts", [])
    }
    for part in ("ejabberd", "sidecar"):
        assert mounts[part, "hook"] == {"name": "hook", "mountPath": "/run/ejabberd-sidecar"}
    assert (
        mounts["bridge", "bridge"]["mountPath"] == mounts["ejabberd", "bridge"]["mountPath"] == "/opt/ejabberd-sidecar"
    )
    assert mounts["ejabberd", "bridge"]["readOnly"] is True
    ports = [port["containerPort"] for container in every for port in container.get("ports", [])]
    assert 8081 not in ports


def test_a_pdb_keeps_all_but_one():
    assert one(objects("cluster"), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert not [item for item in objects("minimal") if item["kind"] == "PodDisruptionBudget"]
