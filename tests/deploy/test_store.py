"""The rendered pod and its bucket: one that is not there when it is installed, and one whose key is rotated."""

from charts import render
from network import Bucket, garage, network
from pod import running, until
from podman import EJABBERDS
from users import get, login, put, signed, token


def items(bucket):
    values = {"hosts": ["example.org"], "ejabberd": {"image": {"tag": EJABBERDS[0]}}}
    return render({**values, "uploads": bucket.uploads, "secrets": {"s3": {"value": bucket.secret}}})


def test_without_its_store_the_pod_starts_and_logs_in_and_uploads_wait_for_it(tmp_path):
    bucket = Bucket()
    with network() as hub, running(tmp_path / "pod", items(bucket), network=hub) as pod:
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


def test_with_a_rotated_key_all_files_are_there_and_the_old_one_is_of_no_use(tmp_path):
    before, after = Bucket(), Bucket()
    with network() as hub, garage(tmp_path, before) as tell:
        with running(tmp_path / "before", items(before), network=hub) as old:
            old.start_all()
            kept = signed(old, "kept.txt", 5)
            assert put(old, kept) == "201"
            tell("key", "import", "--yes", after.key, after.secret)
            tell("bucket", "allow", "--read", "--write", "uploads", "--key", after.key)
            old.stop_all()
        with running(tmp_path / "after", items(after), network=hub, lost=old) as new:
            new.start_all()
            tell("key", "delete", "--yes", before.key)
            assert get(new, kept) == "hello"
            url = signed(new, "new.txt", 5)
            assert put(new, url) == "201"
            assert get(new, url) == "hello"
