"""The rendered pod with a bucket that is not there when it is installed."""

from charts import render
from network import Bucket, garage, network
from pod import running, until
from podman import EJABBERDS
from users import get, login, put, signed, token


def test_without_its_store_the_pod_starts_and_logs_in_and_uploads_wait_for_it(tmp_path):
    bucket = Bucket()
    values = {"hosts": ["example.org"], "ejabberd": {"image": {"tag": EJABBERDS[0]}}}
    items = render({**values, "uploads": bucket.uploads, "secrets": {"s3": {"value": bucket.secret}}})
    with network() as hub, running(tmp_path / "pod", items, network=hub) as pod:
        pod.start_all()
        assert login(pod, token(pod)) == "success"
        url = signed(pod, "hello.txt", 5)
        assert put(pod, url) == "503"
        assert pod.probe("ejabberd", "readinessProbe")
        assert pod.probe("sidecar", "readinessProbe")
        with garage(tmp_path, bucket):
            until(lambda: put(pod, url) in ("201", "409"))
            assert get(pod, url) == "hello"
            assert login(pod, token(pod)) == "success"
