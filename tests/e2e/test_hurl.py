"""hurl-tests/, by the command that an operator runs. The files are documentation, too."""

import asyncio

import pytest

from harness import hurl
from harness.paths import HURL_TESTS
from harness.xmpp import logged_in

CONTRACT = ["hook", "upload", "download", "errors", "cors", "api", "ops"]


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


def test_ejabberds_api(server, tmp_path):
    jid = "connected@localhost"
    token = server.sidecar.mint(jid)
    names = {"api": server.ejabberd.api_url, "user": "connected", "resource": "phone"}
    variables = hurl.of_server(tmp_path / "variables", server, **names)
    file = HURL_TESTS / "ejabberd-api.hurl"

    async def conversation():
        phone = logged_in(server.ejabberd, f"{jid}/phone", token)
        async with phone as first, logged_in(server.ejabberd, jid, token) as second:
            ended = [asyncio.create_task(c.wait_until("disconnected")) for c in (first, second)]
            await asyncio.to_thread(hurl.assert_holds, server.sidecar.config, variables, file)
            await asyncio.wait_for(asyncio.gather(*ended), 30)

    asyncio.run(conversation())


def test_each_file_is_run():
    files = {file.stem for file in HURL_TESTS.glob("*.hurl")}
    assert files == {*CONTRACT, "ejabberd-api"}
    assert {file.stem for file in (HURL_TESTS / "settings").glob("*.hurl")} == {
        "accounts",
        "credentials",
        "types",
    }
