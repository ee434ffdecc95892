"""The rendered pod below Kubernetes 1.29: the sidecar is a plain container, begun after ejabberd and ended with it."""

import pytest

from charts import render
from pod import running, until
from podman import EJABBERDS
from users import get, login, put, signed, token


@pytest.fixture(params=EJABBERDS)
def pod(request, tmp_path):
    values = {"hosts": ["example.org"], "ejabberd": {"image": {"tag": request.param}}}
    with running(tmp_path, render(values, "1.28")) as pod:
        yield pod


def test_it_starts_works_and_stops(pod):
    """Trap: ejabberd gives up a login program that ends. This one waits for a sidecar that comes late."""
    assert pod.main() == ["ejabberd", "sidecar", "reload"]
    for container in pod.spec["initContainers"]:
        pod.run(container["name"])
    pod.begin("ejabberd")
    until(lambda: pod.run("ejabberd", "ejabberdctl", "status", check=False).returncode == 0)
    assert not pod.probe("ejabberd", "startupProbe")
    pod.start("sidecar", "reload")
    until(lambda: pod.probe("ejabberd", "startupProbe"))
    assert login(pod, token(pod)) == "success"
    url = signed(pod, "hello.txt", 5)
    assert put(pod, url) == "201"
    assert get(pod, url) == "hello"
    assert pod.stop_all() == {"ejabberd": 0, "reload": 0, "sidecar": 0}
    assert "is stopped in the node" in pod.ejabberd_log()
