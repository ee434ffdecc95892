"""One source of each: the package holds what lies elsewhere in the repository, and the README tells of all values."""

import subprocess
import sys
import tarfile

import pytest

from charts import CHART, ROOT, helm

SOURCES = {"ejabberd-config": "ejabberd-config", "hurl-tests": "hurl-tests", "monitoring": "docs/monitoring"}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    helm("package", CHART, "--destination", folder)
    [archive] = folder.glob("*.tgz")
    with tarfile.open(archive) as files:
        return {m.name.removeprefix("ejabberd/"): files.extractfile(m).read() for m in files if m.isfile()}


@pytest.mark.parametrize("name", SOURCES)
def test_the_package_holds_the_repositorys_files(package, name):
    there = {path for path in (ROOT / SOURCES[name]).rglob("*") if path.is_file() and path.suffix != ".md"}
    packed = {path: body for path, body in package.items() if path.startswith(f"files/{name}/")}
    packed = {path: body for path, body in packed.items() if not path.endswith(".md")}
    wanted = {f"files/{name}/{path.relative_to(ROOT / SOURCES[name])}": path.read_bytes() for path in there}
    assert packed == wanted
    assert wanted


def test_the_package_has_no_test_values(package):
    assert not [path for path in package if path.startswith("ci/")]


def test_a_packaged_chart_renders(package, tmp_path):
    helm("package", CHART, "--destination", tmp_path)
    [archive] = tmp_path.glob("*.tgz")
    arguments = ["--set", "hosts[0]=a.example", "--show-only", "templates/config-ejabberd.yaml"]
    assert "extauth_pool_size: 4" in helm("template", "xmpp", archive, *arguments)


def test_the_readme_is_up_to_date():
    command = [sys.executable, ROOT / "tests/deploy/chart_readme.py", "--print"]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    assert made.stdout == (CHART / "README.md").read_text(), "run make docs"


def test_replacements_in_ejabberds_configuration_find_their_places():
    """The chart changes three lines of ejabberd-config/; where these were written anew, it would change nothing."""
    main = (ROOT / "ejabberd-config" / "ejabberd.yml").read_text()
    for text in ('"local.yml"', '"parts.yml"', "extauth_pool_size: 4", "  mod_disco:\n"):
        assert main.count(text) == 1, text
    assert (ROOT / "ejabberd-config" / "calls.yml").read_text().count("turn_max_port: 49407") == 1
