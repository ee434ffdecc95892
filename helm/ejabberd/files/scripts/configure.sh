#!/bin/sh
# Before ejabberd: writes the two files that hold its secrets, where only its user reads them, and nothing of them anywhere else.
# Beside the secrets that are mounted, and in the folders of the pod:
#   DATABASE    where Mnesia will be
set -eu
umask 077
secrets=/run/secrets/ejabberd

# The first line that says something, as a string of YAML.
quoted() {
    value=$(sed -n 's/^[[:space:]]*//; s/[[:space:]]*$//; /./{p;q;}' "$1" | sed 's/[\\"]/\\&/g')
    [ -n "$value" ] || { echo "error: the secret ${1##*/} is empty" >&2 && exit 1; }
    printf '"%s"' "$value"
}

{
    echo 'define_macro: {'
    for file in "$secrets"/macros/*; do
        [ -e "$file" ] || continue
        text=$(quoted "$file")
        printf '  %s: %s,\n' "${file##*/}" "$text"
    done
    echo '}'
} >/run/ejabberd/local.yml

# Erlang takes the whole file for the cookie, and wants it for itself.
mkdir -p "$HOME/logs"
rm -f "$HOME/.erlang.cookie"
tr -d '[:space:]' <"$secrets/cookie" >"$HOME/.erlang.cookie"
chmod 400 "$HOME/.erlang.cookie"

# A pod without anything joins the others (peers.sh), the first one as well: its volume may be lost. What lies in a database already is never
# given up for that.
if [ -n "${CLUSTER_FIRST:-}" ]; then
    found=$(find "$DATABASE" -mindepth 1 -maxdepth 1 ! -name lost+found | head -n 1)
    [ -n "$found" ] || : >"$DATABASE/.join-pending"
fi
