"""With `download = "redirect"` a web client gets its file from the bucket, on a third origin: if
the bucket was told so, and not otherwise. What is uploaded does not run there either.

On the Garage that `scripts/run-garage` started, which `scripts/test-browser` does.
"""

import os
import subprocess
from urllib.parse import urlsplit

import pytest
from harness import web
from harness.paths import SIDECAR

from active import html
from conftest import Files

# The same tests once more: here the files are those of the fixture below.
from test_fetch import content, get, put
from test_scripts import (  # noqa: F401
    assert_never_runs,
    fresh,
    opener,
    test_a_page_under_another_type_never_runs,
    test_documents_with_scripts_never_run,
    uploaded,
)

GIVEN = {
    "bucket": "BUCKET",
    "region": "REGION",
    "access_key_id": "ACCESS_KEY_ID",
    "secret_access_key": "SECRET_ACCESS_KEY",
}


def start(folder, prefix: str, more: str = "") -> Files:
    lines = [f'{option} = "{os.environ[f"TEST_S3_{name}"]}"' for option, name in GIVEN.items()]
    endpoint = os.environ["TEST_S3_ENDPOINT"]
    files = Files(
        folder,
        f"""\
kind = "s3"
endpoint = "{endpoint}"
path_style = true
prefix = "{prefix}/"
download = "redirect"
{more}
"""
        + "\n".join(lines),
    )
    files.start()
    return files


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    files = start(tmp_path_factory.mktemp("bucket"), "browser")
    yield files
    assert files.stop() == 0


def fails(page, url: str, method: str = "GET") -> bool:
    """Whether the page gets nothing to read."""
    script = """
        const [url, method] = given;
        return await fetch(url, {method, cache: "no-store"}).then(() => false, () => true);
    """
    return page.run(script, url, method)


def test_the_rule_of_the_bucket_is_what_lets_a_page_read(page, files):
    """No other one makes it: without it the page got nothing."""
    upload, download = files.slot("photo.png", 1000)
    assert put(page, upload, 1000, {"Content-Type": "image/png"}) == 201
    assert len(web.download(download)) == 1000, "who is no page gets it in any case"
    assert fails(page, download)
    assert fails(page, download, "HEAD")

    rules = [SIDECAR, "store", "rules", "--config", files.config, "--apply"]
    told = subprocess.run(rules, check=True, capture_output=True, text=True)
    assert "CORS: 1 written" in told.stdout

    got = get(page, download)
    assert (got["status"], got["body"]) == (200, content(1000))
    assert got["headers"]["content-type"] == "image/png"
    assert got["headers"]["content-length"] == "1000"
    assert got["headers"]["content-disposition"] == 'inline; filename="photo.png"'
    assert "etag" in got["headers"]
    head = get(page, download, method="HEAD")
    assert (head["status"], head["headers"]["content-length"]) == (200, "1000")
    part = get(page, download, {"Range": "bytes=10-19"})
    assert (part["status"], part["body"]) == (206, content(20)[10:])
    assert part["headers"]["content-range"] == "bytes 10-19/1000"
    known = get(page, download, {"If-None-Match": got["headers"]["etag"]})
    assert known["status"] == 304, "a header for which the browser asks the bucket first"


def test_a_refusal_is_the_sidecars_own(page, files):
    _, download = files.slot("photo.png", 1000)

    assert get(page, download)["status"] == 404
    assert get(page, download, method="HEAD")["status"] == 404


def test_a_browser_does_not_say_who_asks_when_it_is_sent_on(page, site, tmp_path):
    """So that a rule for some origins would let nobody in."""
    other = f"http://localhost:{urlsplit(site.url).port}"
    files = start(tmp_path, "origin", f'download_endpoint = "{other}"')
    upload, download = files.slot("photo.png", 1000)
    assert put(page, upload, 1000, {"Content-Type": "image/png"}) == 201

    assert fails(page, download)

    path = urlsplit(download).path.removeprefix("/upload")
    bucket = os.environ["TEST_S3_BUCKET"]
    assert site.origin_at(f"/{bucket}/origin/files{path}") == "null"
    assert files.stop() == 0


def test_a_page_is_saved_from_the_bucket(chromium, opener, files, site):  # noqa: F811
    content = html(site.beacon(fresh()))
    url = uploaded(files, "Seite%202.html", content, "text/html")

    opener.open("navigation", url)

    assert chromium.wait_until_saved("Seite 2.html") == content.encode()
