#!/bin/sh
# probe.sh ready|alive: whether logins get through ejabberd to the sidecar, asked over ejabberd's API about a user who always exists.
#   PROBE_HOST   one of ejabberd's domains
#
# ejabberd gives up its login program for good when that ended too often, and goes on saying that it is well: a restart alone mends it. But while
# the sidecar is away the answer is "no" as well, and a restart would only end everybody's sessions; then it counts as alive.

get() {
    if command -v curl >/dev/null; then
        curl -fs --noproxy '*' --max-time 12 "$@"
    else
        wget -q -T 12 -Y off -O - "$@"
    fi
}

# Versions of ejabberd differ in how they write it.
logins_work() {
    answer=$(get "http://127.0.0.1:5281/api/v0/check_account?user=ejabberd-probe&host=$PROBE_HOST") || return 1
    case $(printf '%s' "$answer" | tr -d '[:space:]') in
    0 | '{"stat":0}' | '{"res":0}') return 0 ;;
    *) return 1 ;;
    esac
}

sidecar_works() {
    get http://127.0.0.1:8082/readyz >/dev/null
}

! logins_work || exit 0
case ${1:-} in
alive)
    sidecar_works || exit 0
    # It may have come back between the two questions.
    sleep 1
    logins_work
    ;;
*) exit 1 ;;
esac
