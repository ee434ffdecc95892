#!/bin/sh
# Before ejabberd, where there are several pods: writes down whom a pod without anything (configure.sh saw it) will join (join.sh). That has to be
# known before it starts: others that have it in their cluster from before its volume was lost do not start beside a new one of that name.
#   CLUSTER_FIRST   the name of the first pod     CLUSTER_DOMAIN   the rest of its address     DATABASE   where Mnesia is
set -eu
pending=$DATABASE/.join-pending
[ -e "$pending" ] || exit 0
own=$POD_NAME.$CLUSTER_DOMAIN

exists() { getent hosts "$1" || nslookup "$1"; } >/dev/null 2>&1

# The address of a pod that has this one in its cluster, if one has; fails while one that exists is silent, since it may be that one.
known_by() {
    silent=
    # As many as the values allow.
    for number in 0 1 2 3 4 5 6 7 8 9; do
        peer=${CLUSTER_FIRST%-0}-$number.$CLUSTER_DOMAIN
        { [ "$peer" != "$own" ] && exists "$peer"; } || continue
        schema=$(ejabberdctl --node "ejabberd@$peer" mnesia_table_info schema 2>/dev/null) || silent=$peer
        case $schema in *"ejabberd@$own"*) echo "$peer" && return ;; esac
    done
    [ -z "$silent" ] || { echo "$silent does not answer, and may have this pod in its cluster" >&2 && return 1; }
}

tries=20
until peer=$(known_by); do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "error: this pod has nothing, and starts when all others answer, or are gone" >&2 && exit 1; }
    sleep 2
done
# Nobody is joined where the first one starts for the first time.
[ -n "$peer" ] || [ "$POD_NAME" = "$CLUSTER_FIRST" ] || peer=$CLUSTER_FIRST.$CLUSTER_DOMAIN
if [ -n "$peer" ]; then echo "$peer" >"$pending"; else rm "$pending"; fi
