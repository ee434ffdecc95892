"""The hurl files fail when the contract is broken: each mutation of the service is noticed."""

import re
from urllib.parse import urlsplit

import pytest

from harness import hurl
from harness.mutating_proxy import Proxy
from harness.paths import HURL_TESTS
from mutations import MUTATIONS, Mutation

# What hurl says when an answer is another one than the file says, and not that it got none.
NOTICED = {
    "Assert status code",
    "Assert header value",
    "Assert body value",
    "Assert failure",
    "Header not found",
    "No query result",
    "Filter error",
}


@pytest.fixture
def proxies(on_disk):
    sidecar = on_disk.sidecar
    found = {
        "public": Proxy(tcp(sidecar.public_url)),
        "hook": Proxy(on_disk.hook_socket),
        "ops": Proxy(tcp(sidecar.ops_url)),
    }
    yield found
    for proxy in found.values():
        proxy.close()


def tcp(url: str) -> tuple[str, int]:
    return "127.0.0.1", urlsplit(url).port


def variables(path, proxies):
    return hurl.variables(path, **{name: proxy.url for name, proxy in proxies.items()})


def test_without_a_mutation_all_holds(on_disk, proxies, tmp_path):
    hurl.assert_holds(on_disk.sidecar.config, variables(tmp_path / "variables", proxies))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_broken_promise_is_noticed(on_disk, proxies, tmp_path, mutation: Mutation):
    proxy = proxies[mutation.listener]
    proxy.request, proxy.answer = mutation.request, mutation.answer

    file = HURL_TESTS / f"{mutation.file}.hurl"
    done = hurl.run(on_disk.sidecar.config, variables(tmp_path / "variables", proxies), file)

    assert proxy.changed, "the mutation changed nothing"
    assert done.returncode == 1, done.stdout + done.stderr
    kinds = re.findall(r"(?m)^error: (.*)$", done.stderr)
    assert kinds, done.stderr
    assert set(kinds) <= NOTICED, kinds


def test_each_file_has_mutations():
    assert {mutation.file for mutation in MUTATIONS} == {
        *("hook", "upload", "download", "errors", "cors", "api", "ops")
    }
