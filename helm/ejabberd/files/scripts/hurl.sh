#!/bin/sh
# `helm test`: the files of hurl-tests/ that need no more than the public and the ops listener.
#   PUBLIC, OPS   where these are reached     VHOST   a domain     TOO_LARGE   a number of bytes above upload.max_size
set -eu
umask 077
work=/opt/hurl/work
sidecar="$work/ejabberd-sidecar"
config=/etc/ejabberd-sidecar/sidecar.toml
user=helm-test

# The URL of a slot, at the address where the listener is reached from here.
sign() {
    url=$("$sidecar" url sign --config "$config" --user "$user@$VHOST" --size "$1" "$2")
    printf '%s/%s' "$PUBLIC" "$(printf '%s' "$url" | cut -d / -f 4-)"
}

slot() {
    url=$(sign 12 "$2")
    printf '%sput_url=%s\n' "$1" "$url" >>"$work/hidden"
    printf '%sget_url=%s\n' "$1" "${url%%\?*}" >>"$work/shown"
}

failed=0
for name in ops upload download errors cors; do
    printf '%s\n' "public=$PUBLIC" "ops=$OPS" "host=$VHOST" "user=$user" "too_large=$TOO_LARGE" >"$work/shown"
    : >"$work/hidden"
    slot '' hello.txt
    slot plain_ plain
    slot page_ page.html
    slot picture_ picture.svg
    printf 'renamed_put_url=%s\n' "$(sign 12 one.txt | sed 's|/one\.txt?|/two.txt?|')" >>"$work/hidden"
    printf 'large_put_url=%s\n' "$(sign "$TOO_LARGE" large.bin)" >>"$work/hidden"
    cp "/opt/hurl/tests/$name.hurl" "$work/$name.hurl"
    case $PUBLIC in
    # A TLS client has to offer HTTP/1.1, which one that speaks 1.0 does not.
    https:*) sed -i '/^http1.0: true$/d' "$work/$name.hurl" ;;
    esac
    # shellcheck disable=SC2086 # no word, or one
    hurl --test --no-color ${HURL_OPTIONS:-} --variables-file "$work/shown" --secrets-file "$work/hidden" "$work/$name.hurl" || failed=1
done
exit "$failed"
