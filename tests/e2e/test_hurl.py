"""hurl-tests/, by the command that an operator runs. The files are documentation, too."""

import pytest

from harness import hurl
from harness.paths import HURL_TESTS

# Another file of the folder is about ejabberd's own HTTP API, and has a test of its own.
CONTRACT = ["hook", "upload", "download", "errors", "cors", "ops"]


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contract(server, tmp_path, name):
    variables = hurl.of_server(tmp_path / "variables", server)

    hurl.assert_holds(server.sidecar.config, variables, HURL_TESTS / f"{name}.hurl")


def test_accounts(provisioned, tmp_path):
    names = {"user": "hurl-test", "stranger": "hurl-stranger"}
    variables = hurl.of_server(tmp_path / "variables", provisioned, **names)

    hurl.assert_holds(
        provisioned.sidecar.config, variables, HURL_TESTS / "settings" / "accounts.hurl"
    )


@pytest.mark.parametrize("name", ["credentials", "types"])
def test_settings(choosy, tmp_path, name):
    password = {"hook_password": choosy.hook_password}
    variables = hurl.of_server(tmp_path / "variables", choosy, **password)

    hurl.assert_holds(choosy.sidecar.config, variables, HURL_TESTS / "settings" / f"{name}.hurl")


def test_each_file_is_run():
    files = {file.stem for file in HURL_TESTS.glob("*.hurl")}
    assert set(CONTRACT) <= files
    assert files - set(CONTRACT) <= {"ejabberd-api"}
    assert {file.stem for file in (HURL_TESTS / "settings").glob("*.hurl")} == {
        "accounts",
        "credentials",
        "types",
    }
