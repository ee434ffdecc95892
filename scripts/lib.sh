# What the scripts beside this file share. Sourced, never run.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Tools that take minutes to build outlive a clone.
# shellcheck disable=SC2034 # for the scripts that source this file
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/ejabberd-sidecar

say() { printf '==> %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

have() { command -v "$1" >/dev/null; }

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "'$*' needs root: run it as root, or install sudo"
    fi
}

installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# apt_install WHY PACKAGE…: installs those that are missing, and says so.
apt_install() {
    local why=$1 package missing=()
    shift
    have apt-get || fail "$why needs $*, and there is no apt-get here: install it yourself, then try again"
    for package; do
        installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "installing ${missing[*]} (Debian packages), for $why"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
}

# The same, without starting the system services that the packages bring.
apt_install_stopped() (
    policy=/usr/sbin/policy-rc.d
    # Ours is told by its comment: an interrupted run may have left it.
    comment='# Of ejabberd-sidecar, while it installs a package.'
    if [[ ! -e $policy ]] || grep -qxF "$comment" "$policy"; then
        trap 'as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\n%s\nexit 101\n' "$comment" | as_root install -m 755 /dev/stdin "$policy"
    fi
    apt_install "$@"
)

# install_server WHY NAME PACKAGE PROGRAM: where the program is missing; its system service stays off, also at the next boot.
install_server() {
    [[ ! -x $4 ]] || return 0
    apt_install_stopped "$1 (its system service stays off)" "$3"
    as_root update-rc.d "$2" disable >/dev/null
}

install_build_tools() {
    have cc || apt_install "the Rust build (a C compiler)" gcc libc6-dev
}

install_fuzz_tools() {
    install_build_tools
    have c++ || apt_install "the fuzz targets (a C++ compiler)" g++
}

# What the end-to-end tests need, but for the chat servers.
install_e2e_tools() {
    install_build_tools
    have curl || apt_install "the end-to-end tests" curl
    have jq || apt_install "the end-to-end tests" jq
    have openssl || apt_install "the end-to-end tests" openssl
    have go-sendxmpp || apt_install "the end-to-end tests (an XMPP client)" go-sendxmpp
    VENV=$("$ROOT/scripts/venv")
    HURL=$("$ROOT/scripts/hurl")
    export HURL
    # The servers of the tests are here, whatever proxy is set.
    export no_proxy=localhost,127.0.0.1 NO_PROXY=localhost,127.0.0.1
}

build_e2e() {
    cargo build --locked --example s3-server
    # By itself, as `make up` builds it: other targets bring in other features.
    cargo build --locked --bin ejabberd-sidecar
}

run_e2e() {
    build_e2e
    "$VENV/bin/pytest" "$@"
}

# The cargo that Debian 12 packages is too old: said before anything is installed.
require_cargo() {
    local needed found
    have cargo || fail "cargo is missing: install Rust, for instance with rustup (https://rustup.rs)"
    needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$ROOT/Cargo.toml")
    found=$(cd "$ROOT" && cargo --version | cut -d ' ' -f 2)
    at_least "$found" "$needed" ||
        fail "cargo is $found, and $needed or newer is needed: install it, for instance with rustup (https://rustup.rs)"
}

# A string as TOML and YAML both write it.
quote() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# A word of sh, whatever is in it. (@Q makes words that only bash reads.)
sh_quote() {
    printf "'%s'" "${1//\'/\'\\\'\'}"
}

# What EJABBERD chooses: Debian's, or the newest one, in a root of its own.
NEWEST_EJABBERD=$CACHE/newest-ejabberd
ejabberd_root() {
    case ${EJABBERD:-} in
    '') ;;
    newest) echo "$NEWEST_EJABBERD" ;;
    *) fail "EJABBERD is '$EJABBERD': it may be 'newest', or nothing, which is the one that is installed" ;;
    esac
}

# debian SUITE FOLDER PACKAGES: makes the folder, of that Debian with these packages (with commas between them).
debian() {
    local new=$2.new
    apt_install "servers of another Debian, in a folder" debootstrap
    mkdir -p "${2%/*}"
    as_root rm -rf "$new" "$2"
    # It starts no services. It mounts /proc below the folder, and may forget it there: in a namespace of its own that ends with it.
    as_root unshare --mount debootstrap --variant=minbase --include="$3" "$1" "$new" >"$2.log" 2>&1 || {
        tail -n 20 "$2.log" >&2
        fail "debootstrap could not install $3; its log is $2.log"
    }
    as_root rm -rf "$new"/usr/share/{doc,man,locale} "$new"/var/{cache/apt,lib/apt/lists}/*
    as_root mv "$new" "$2"
}

# The application file of that ejabberd, below its root, empty without ejabberd.
ejabberd_app() {
    local root app
    root=$(ejabberd_root)
    for app in "$root"/usr/lib/*/ejabberd-*/ebin/ejabberd.app; do
        [[ ! -e $app ]] || { echo "${app#"$root"}" && return; }
    done
}

# The folder of its Erlang library, as it sees it itself.
ejabberd_libs() {
    local app
    app=$(ejabberd_app)
    echo "${app%/ejabberd-*}"
}

ejabberd_version() {
    local app
    app=$(ejabberd_app)
    [[ -n $app ]] || fail "ejabberd is not installed: run scripts/install-ejabberd, or with EJABBERD=newest scripts/install-newest-ejabberd"
    sed -n 's/.*{vsn, *"\([^"]*\)".*/\1/p' "$(ejabberd_root)$app"
}

# at_least VERSION OTHER: whether the first is as new as the second.
at_least() {
    [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]
}

# Builds the program as it is shipped, linked to nothing (but with glibc in it where the image has musl), and prints its path.
static_sidecar() {
    local target
    target=$(rustc -vV | sed -n 's/^host: //p')
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --release --target "$target" --bin ejabberd-sidecar
    sidecar_binary "$target/release"
}

# PROFILE is cargo's: release, dev, or one of Cargo.toml's own.
sidecar_binary() {
    local folder=$1
    [[ $folder != dev ]] || folder=debug
    printf '%s\n' "$(realpath -m "${CARGO_TARGET_DIR:-$ROOT/target}")/$folder/ejabberd-sidecar"
}
