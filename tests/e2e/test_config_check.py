"""`config check`: nothing on what works, and on ejabberd's own example what a person would list."""

import os
import re
import subprocess
from pathlib import Path

from harness.paths import SIDECAR

NEWEST = os.environ.get("EJABBERD") == "newest"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ejabberd-sidecar"
ROOT = CACHE / "newest-ejabberd" if NEWEST else Path("/")
EXAMPLE = Path(
    os.environ.get("EJABBERD_EXAMPLE_YML", ROOT / "usr/share/ejabberd/ejabberd.yml.example")
)

# Of both versions: the lines of a file that nobody has made for a sidecar.
ALWAYS = [
    ("auth_method", "localhost: auth_method is missing"),
    ("auth_cache", "localhost: auth_use_cache is on, because it is missing"),
    ("extauth_pool_size", "localhost: extauth_pool_size is missing"),
    ("extauth_program", "localhost: extauth_program is missing"),
    ("api_exposed", "the listener on port 5443 hands mod_http_api at /api to other machines"),
    ("api_exposed", "the listener on port 5280 hands ejabberd_web_admin at /admin to other"),
    ("mqtt_without_tls", "the listener on port 1883 takes logins over MQTT without TLS"),
    ("upload_missing", "localhost: mod_http_upload is missing"),
]
# 262144 bytes: enough to end a bridge. Newer ones limit strangers, to less than a token needs.
OF_VERSION = [
    ("token_size", "port 5222: pre_auth_max_stanza_size is missing"),
    ("token_size", "port 5223: pre_auth_max_stanza_size is missing"),
] if NEWEST else [
    ("stanza_size", "port 5222: max_stanza_size is 262144"),
    ("stanza_size", "port 5223: max_stanza_size is 262144"),
]  # fmt: skip


def check(*arguments: str) -> tuple[int, str]:
    command = [SIDECAR, "config", "check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def test_what_runs_and_works_has_no_finding(server):
    config = ["--config", str(server.sidecar.config)]
    code, text = check(*config, "--ejabberd-yml", str(server.ejabberd.config))

    assert (code, re.findall("(?m)^(?:error|warning): .*", text)) == (0, []), text
    assert "not running" not in text
    assert server.upload_secret not in text


def test_the_example_of_ejabberd_gets_what_a_person_would_list(on_disk):
    config = ["--config", str(on_disk.sidecar.config), "--ejabberd-yml", str(EXAMPLE)]
    version = "26.07" if NEWEST else "23.01"
    code, text = check(*config, "--ejabberd-version", version)

    finding = r"(?m)^(?:error|warning): (\S+):(\d+): \[(\w+)\] (.*)\n    write: .+$"
    found = re.findall(finding, text)
    expected = ALWAYS + OF_VERSION
    assert sorted(kind for *_, kind, _ in found) == sorted(kind for kind, _ in expected)
    for kind, says in expected:
        assert any(f[2] == kind and says in f[3] for f in found), says
    lines = EXAMPLE.read_text().splitlines()
    for file, line, *_ in found:
        assert file == str(EXAMPLE)
        # A line that says something, and no comment.
        assert not lines[int(line) - 1].lstrip().startswith("#")
    assert code == 1
