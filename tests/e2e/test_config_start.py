"""What `config check` says ejabberd does not start with, its own loader refuses."""

import subprocess
from pathlib import Path

from harness.paths import SIDECAR

LOADER = Path(__file__).with_name("load_ejabberd_yml.escript")
# Debian's, whatever version runs: the loader is called as 23.01 has it.
EBIN = next(Path("/usr/lib").glob("*/ejabberd-23.01*/ebin"))
HOSTS = "hosts: [localhost]\n"

# What the loader says, our finding (none, where it is clean), the configuration.
CASES = [
    ("taken", None, HOSTS),
    ("taken", None, f"{HOSTS}acl: {{a: {{user: x}}}}\nacl: {{b: {{user: x}}}}\n"),
    ("taken", None, f"{HOSTS}modules: {{mod_ping: {{}}}}\nmodules: {{mod_last: {{}}}}\n"),
    ("taken", None, f"{HOSTS}hosts: [b.example]\n"),
    ("taken", None, f"{HOSTS}disable_sasl_mechanisms: [a]\ndisable_sasl_mechanisms: [b]\n"),
    ("bad_list", "hosts_list", "hosts: localhost\n"),
    ("duplicated_option", "option_twice", f"{HOSTS}use_cache: true\nuse_cache: true\n"),
    (
        "duplicated_option",
        "option_twice",
        f"{HOSTS}auth_method: [internal]\nauth_method: external\n",
    ),
    ("duplicated_option", "option_twice", f"{HOSTS}modules: {{mod_ping: {{}}, mod_ping: {{}}}}\n"),
    ("duplicated_option", "option_twice", f"{HOSTS}acl: {{a: {{user: x}}, a: {{user: y}}}}\n"),
    ("duplicated_option", "option_twice", f"{HOSTS}shaper: {{a: 1}}\nshaper: {{a: 2}}\n"),
    (
        "duplicated_option",
        "option_twice",
        f"{HOSTS}listen: [{{port: 1, port: 2, module: ejabberd_c2s}}]\n",
    ),
    (
        "duplicated_key",
        "option_twice",
        f"{HOSTS}api_permissions: {{a: {{who: all, what: x}}, a: {{who: all, what: x}}}}\n",
    ),
    ("bad_pos_int", "extauth_pool_empty", f"{HOSTS}extauth_pool_size: 0\n"),
    ("bad_module", "option_unknown", f"{HOSTS}modules: {{mod_scram_upgrade: {{}}}}\n"),
    ("unknown_option", "option_unknown", f"{HOSTS}update_sql_schema: true\n"),
    (
        "unknown_option",
        "option_unknown",
        f"{HOSTS}listen: [{{port: 1, module: ejabberd_c2s, pre_auth_max_stanza_size: 9999}}]\n",
    ),
    ("error", "begins a second document", f"{HOSTS}---\nuse_cache: true\n"),
]
OURS = (
    "hosts_list",
    "option_twice",
    "option_unknown",
    "extauth_pool_empty",
    "begins a second document",
)


def check(file: Path, config: Path) -> str:
    command = [SIDECAR, "config", "check", "--config", config, "--ejabberd-yml", file]
    command += ["--ejabberd-version", "23.01"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_what_is_said_of_the_start_is_what_ejabberd_does(on_disk, tmp_path):
    files = []
    for at, (_, _, text) in enumerate(CASES):
        file = tmp_path / f"{at}.yml"
        file.write_text(text)
        files.append(file)
    command = ["escript", LOADER, EBIN, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    words = {loads for loads, _, _ in CASES}
    loaded = [line for line in done.stdout.splitlines() if line in words]
    assert loaded == [loads for loads, _, _ in CASES], done.stdout

    for file, (_, code, text) in zip(files, CASES, strict=True):
        said = check(file, on_disk.sidecar.config)
        assert [known for known in OURS if known in said] == ([code] if code else []), text
