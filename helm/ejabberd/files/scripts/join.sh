#!/bin/sh
# After ejabberd's start, where there are several pods: one that has nothing yet joins another one, as peers.sh has written down. Joining erases
# what the joining side has, so no other one ever does; what stands in the way is told, and the container is started again.
#   DATABASE   where Mnesia is
set -eu
pending=$DATABASE/.join-pending
[ -e "$pending" ] || exit 0
peer=ejabberd@$(cat "$pending")

members() { ejabberdctl list_cluster | grep -c "^'*ejabberd@"; }

ejabberdctl started
ejabberdctl join_cluster "$peer"
# It answers before it has joined, and starts ejabberd anew.
tries=30
until [ "$(members 2>/dev/null || echo 0)" -gt 1 ]; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || { echo "error: not joined with $peer within a minute" >&2 && exit 1; }
    sleep 2
done
ejabberdctl started
rm -f "$pending"
