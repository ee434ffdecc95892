"""The rendered pod with real ejabberd and the sidecar: logins, uploads, faults, and a stop that loses nothing."""

import base64
import errno
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import client
from charts import objects, one, render
from network import network
from pod import running, until
from podman import EJABBERDS
from users import (
    component_is_connected,
    get,
    knows,
    log_in_until_refused,
    login,
    put,
    sent_and_got,
    signed,
    slow_put,
    status,
    token,
)


@pytest.mark.parametrize("version", EJABBERDS)
def test_on_the_network_of_its_node_no_other_machine_reaches_erlang(version, tmp_path):
    image = {"image": {"tag": version}}
    turn = {"enabled": True, "mode": "hostNetwork", "address": "203.0.113.7"}
    items = render({"hosts": ["example.org"], "ejabberd": image, "turn": turn})
    with running(tmp_path, items) as pod:
        pod.start_all()
        listening = pod.outside("ss", "-Hltn").stdout.split()
        assert [place for place in listening if place.endswith(":5210")] == ["127.0.0.1:5210"]
        assert "is running" in pod.run("ejabberd", "ejabberdctl", "status").stdout
        assert pod.stop_all() == {"ejabberd": 0, "reload": 0, "sidecar": 0}


@pytest.fixture(scope="module", params=EJABBERDS)
def pod(request, tmp_path_factory):
    image = {"image": {"tag": request.param}}
    items = render({"hosts": ["example.org"], "ejabberd": image, "tls": {"reloadSeconds": 1}})
    more = {"extra_pods": ["xmpp-ejabberd-test"], "publish": [5222, 8080]}
    with network() as cluster, running(tmp_path_factory.mktemp("pod"), items, network=cluster, **more) as pod:
        pod.start_all()
        yield pod


def test_a_client_logs_in_and_uploads_through_mapped_ports(pod):
    """slixmpp, which trusts the certificate of the pod alone, and to which the component answers with a slot."""
    certificate = pod.volumes / "tls/tls.crt"
    with pytest.raises(client.RefusedError, match="not-authorized"):
        client.slot(5222, "alice@example.org", "password", certificate, name="hello.txt", size=5)
    until(lambda: component_is_connected(pod))
    account = 5222, "alice@example.org", token(pod), certificate
    slot = client.slot(*account, name="hello.txt", size=5)
    assert sent_and_got(slot, certificate, "--connect-to", "upload.example.org:443:127.0.0.1:8080") == "hello"


def test_a_token_logs_in_and_anything_else_does_not(pod):
    assert login(pod, token(pod)) == "success"
    assert login(pod, token(pod, "bob")) == "failure"
    assert login(pod, "password") == "failure"


def test_all_probes_hold(pod):
    for container in ("ejabberd", "sidecar"):
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert pod.probe(container, kind), f"{container} {kind}"
    assert pod.probe("reload", "livenessProbe")


def test_helm_test_passes(pod):
    """The hook's containers, against the listeners of the pod."""
    pod.run("program")
    places = {"PUBLIC": "https://127.0.0.1:8080", "OPS": "http://127.0.0.1:8082"}
    env = [{**entry, "value": places.get(entry["name"], entry["value"])} for entry in pod.container("hurl")["env"]]
    pod.run("hurl", env=env)


def test_health_checks_of_a_balancer_are_answered(pod):
    """Trap: they name an address as the host, for which ejabberd has no host-meta."""
    checks = [item["spec"]["healthCheck"] for item in objects("gke") if item["kind"] == "BackendConfig"]
    assert {check["port"] for check in checks} == {5443, 8082}
    for check in checks:
        scheme = "http" if check["port"] == 8082 else "https"
        url = f"{scheme}://127.0.0.1:{check['port']}{check['requestPath']}"
        assert status(pod, "-H", "Host: 10.0.0.1", url) == "200", url


def test_erlang_cannot_be_executed_without_its_capability(pod):
    """Trap: the file of the image has it, so that who may not have it may not execute the file."""
    erlang = "erl", "-noshell", "-eval", "halt()."
    context = pod.container("ejabberd")["securityContext"]
    assert pod.run("ejabberd", *erlang, securityContext=context).returncode == 0
    dropped = {**context, "capabilities": {"drop": ["ALL"]}}
    refused = pod.run("ejabberd", *erlang, check=False, securityContext=dropped)
    assert refused.returncode != 0
    assert f"Error {errno.EPERM} executing" in refused.stderr


def test_secrets_are_read_by_the_pods_user_alone_and_logged_nowhere(pod):
    cookie = pod.volumes / "home" / ".erlang.cookie"
    assert cookie.stat().st_mode & 0o777 == 0o400
    local = pod.volumes / "run" / "local.yml"
    assert local.stat().st_mode & 0o777 == 0o600
    secret = cookie.read_text()
    logs = [pod.log(name) for name in ("ejabberd", "sidecar", "reload")] + [pod.ejabberd_log()]
    assert not [log for log in logs if secret in log]


def test_nothing_but_volumes_can_be_written(pod):
    """Not even where everybody may write."""
    assert os.strerror(errno.EROFS) in pod.run("ejabberd", "touch", "/var/tmp/x", check=False).stderr
    assert pod.run("ejabberd", "touch", "/tmp/x").returncode == 0


def test_a_sidecar_that_is_away_makes_ejabberd_unready_and_leaves_it_alive(pod):
    pod.kill("sidecar")
    assert not pod.probe("ejabberd", "readinessProbe")
    assert pod.probe("ejabberd", "livenessProbe")
    # The socket of the killed one is still there.
    pod.start("sidecar")
    until(lambda: pod.probe("ejabberd", "readinessProbe"))
    assert login(pod, token(pod)) == "success"


def test_an_ejabberd_that_gave_up_its_login_program_is_not_alive(pod):
    """Trap: a program that ends at once makes ejabberd forget it for good, and it still says that it is well."""
    bridge = pod.volumes / "bridge" / "ejabberd-sidecar"
    aside = bridge.rename(bridge.with_name("aside"))
    bridge.write_text("#!/bin/sh\nexit 1\n")
    bridge.chmod(0o755)
    pod.kill_inside("ejabberd", "extaut[h]")
    until(lambda: not pod.probe("ejabberd", "livenessProbe"))
    bridge.unlink()
    aside.rename(bridge)
    # It is whole again, and that heals nothing.
    assert not pod.probe("ejabberd", "livenessProbe")


def test_a_killed_ejabberd_starts_again(pod):
    pod.kill("ejabberd")
    pod.start("ejabberd")
    assert login(pod, token(pod)) == "success"


def test_a_renewed_certificate_is_read(pod, tmp_path):
    """By ejabberd, whom the container `reload` tells, and by the sidecar itself."""

    def shown(port):
        command = (
            f"openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint"
        )
        return pod.outside("sh", "-c", command).stdout

    # Also by one that began anew, once it knows what is there.
    pod.kill("reload")
    seen = pod.volumes / "tmp" / ".reload"
    seen.unlink()
    pod.start("reload")
    until(seen.exists)
    before = {port: shown(port) for port in (5223, 8080)}
    assert all(before.values())
    names = "subjectAltName=DNS:example.org,DNS:conference.example.org,DNS:pubsub.example.org,DNS:upload.example.org"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-days", "30", "-subj", "/CN=example.org", "-addext", names]
    make += ["-keyout", tmp_path / "tls.key", "-out", tmp_path / "tls.crt"]
    subprocess.run(make, check=True, capture_output=True)
    secret = one(pod.items, "Secret", "-tls")["data"]
    secret |= {name: base64.b64encode((tmp_path / name).read_bytes()).decode() for name in ("tls.key", "tls.crt")}
    pod.update(pod.items, "tls")
    until(lambda: all(shown(port) not in ("", before[port]) for port in before))
    assert "ejabberd has read it" in pod.log("reload")


def test_both_killed_at_once_come_back_and_lose_nothing_that_was_answered(pod, tmp_path):
    url = signed(pod, "kept.txt", 5)
    assert put(pod, url) == "201"
    before = written(pod)
    assert login(pod, token(pod, "carol"), "carol") == "success"
    # It is answered before that she exists is written.
    until(lambda: written(pod) > before)
    body = large(tmp_path)
    broken = signed(pod, "broken.bin", body.stat().st_size)
    upload = slow_put(pod, broken, body)
    pod.kill("sidecar")
    pod.kill("ejabberd")
    assert not upload.communicate(timeout=30)[0].endswith("201")
    pod.start("ejabberd", "sidecar")
    until(lambda: pod.probe("ejabberd", "readinessProbe"))
    assert knows(pod, "carol")
    assert login(pod, token(pod, "carol"), "carol") == "success"
    assert get(pod, url) == "hello"
    assert status(pod, broken.partition("?")[0]) == "404"
    assert status(pod, "-T", body, broken) == "201"


def written(pod):
    return {path for path in (pod.volumes / "files" / "users").rglob("*") if path.is_file()}


def large(folder):
    """What takes ten seconds to upload slowly: it is under way for as long as the tests need."""
    body = folder / "body"
    body.write_bytes(os.urandom(2_000_000))
    return body


def test_a_stop_is_clean_and_lets_an_upload_end(pod, tmp_path):
    """And forgets nobody to whom it has said that he is in."""
    body = large(tmp_path)
    upload = slow_put(pod, signed(pod, "slow.bin", body.stat().st_size), body)
    with ThreadPoolExecutor() as threads:
        logins = [threads.submit(log_in_until_refused, pod, name) for name in ("dora", "emil", "fay")]
        until(lambda: knows_any(pod, "dora0", "emil0", "fay0"))
        started = time.monotonic()
        assert pod.stop_all() == {"ejabberd": 0, "reload": 0, "sidecar": 0}
        assert time.monotonic() - started < pod.spec["terminationGracePeriodSeconds"]
        pod.answered = [user for each in logins for user in each.result(60)]
    assert upload.communicate(timeout=30)[0].endswith("201")
    assert stops(pod) == 1
    assert not (pod.volumes / "hook" / "hook.sock").exists()


def knows_any(pod, *users):
    return any(knows(pod, user) for user in users)


def test_it_starts_again_from_its_volumes(pod):
    """With what init containers do to a pod that ran before."""
    pod.start_all()
    assert login(pod, token(pod)) == "success"
    assert not (pod.volumes / "database" / ".join-pending").exists()
    [stored] = (pod.volumes / "files").rglob("slow.bin*")
    assert stored.stat().st_size >= 2_000_000
    assert pod.answered
    assert [user for user in pod.answered if not knows(pod, user)] == []
    assert not knows(pod, "nobody")


def test_a_signal_alone_is_no_clean_stop(pod):
    """Trap: it ends the script that started Erlang, and with its container Erlang is killed."""
    before = stops(pod)
    assert pod.end("ejabberd") != 0
    pod.start("ejabberd")
    assert stops(pod) == before
    assert pod.end_ejabberd() == 0
    assert stops(pod) == before + 1
    pod.start("ejabberd")


def stops(pod):
    return pod.ejabberd_log().count("is stopped in the node")


def test_a_rotated_secret_counts_after_a_restart_and_the_old_one_until_it_is_taken_out(pod):
    before = signed(pod, "before.txt", 5), signed(pod, "late.txt", 5)
    file = pod.volumes / "sidecar" / "secrets" / "upload"
    old = file.read_text()
    for text, code in (f"{'n' * 48}\n{old}\n", "201"), (f"{'n' * 48}\n", "403"):
        file.write_text(text)
        pod.end("sidecar")
        pod.start("sidecar")
        url = before[0] if code == "201" else before[1]
        assert put(pod, url) == code
        assert put(pod, signed(pod, "new.txt", 5)) == "201"
