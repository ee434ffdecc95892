#!/bin/sh
# Tells ejabberd when its certificate was renewed or its configuration changed. It reads the files at its start and on `reload_config` alone.
#   RELOAD_SECONDS   how often is looked
#   CONF             ejabberd's configuration, unless a change starts the pod anew
certificate=/etc/ejabberd-tls

get() {
    if command -v curl >/dev/null; then
        curl -fs --noproxy '*' --max-time 30 "http://127.0.0.1:5281/api/v0/$1"
    else
        wget -q -T 30 -Y off -O - "http://127.0.0.1:5281/api/v0/$1"
    fi
}

sum() {
    cat "$certificate"/tls.crt "$certificate"/tls.key ${CONF:+"$CONF"/*.yml} 2>/dev/null | cksum
}

# What ejabberd refuses, it refuses again: only one that does not answer is asked until it does.
reload() {
    if get reload_config >/dev/null; then
        echo "certificate or configuration changed: ejabberd has read it"
    elif get status >/dev/null; then
        echo "error: ejabberd refuses its configuration, and goes on with the one from before; its log says why. It would not start with this one" >&2
    else
        echo "certificate or configuration changed, and ejabberd does not answer: trying again" >&2
        return 1
    fi
}

trap 'exit 0' TERM INT
known=$(sum)
while :; do
    # The probe looks at its age.
    : >/tmp/.reload
    sleep "$RELOAD_SECONDS" &
    wait $!
    now=$(sum)
    [ "$now" = "$known" ] || ! reload || known=$now
done
