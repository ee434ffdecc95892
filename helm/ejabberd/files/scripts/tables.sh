#!/bin/sh
# Before ejabberd, where it uses PostgreSQL: makes the tables and brings them up to date. ejabberd can do both, but where several domains share the
# tables it does so only for a domain whose users have their passwords there (auth_method: sql). So it is started once by itself like that:
# without a listener, by another name, and with a Mnesia that goes away.
#   CONF   ejabberd's configuration
set -eu
umask 077
folder=/tmp/tables
rm -rf "$folder"
mkdir "$folder"

ctl() { ejabberdctl --node tables@127.0.0.1 --config "$CONF/tables.yml" --spool "$folder" --logs "$folder" "$@"; }

# What stands in the way, ejabberd has told.
fail() {
    echo "error: ejabberd did not make its tables in PostgreSQL" >&2
    exit 1
}

ctl foreground &
pid=$!
tries=60
until ctl status >/dev/null 2>&1; do
    tries=$((tries - 1))
    kill -0 "$pid" 2>/dev/null && [ "$tries" -gt 0 ] || fail
    sleep 1
done
ctl stop
wait "$pid" || fail
rm -rf "$folder"
