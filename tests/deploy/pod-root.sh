#!/bin/sh
# The root of a pod, in mount and network namespaces of its own: this machine's, read-only, with the pod's volumes in it.
#   pod-root.sh VOLUMES USR     mounts VOLUMES/mounts (a line each: volume, path), and USR over /usr unless that is empty
set -eu
volumes=$1
ip link set lo up
mount --make-rprivate /
[ -z "${2:-}" ] || mount --rbind "$2" /usr
# Folders that a container image would not have.
mkdir -p "$volumes/etc"
for file in /etc/passwd /etc/group /etc/nsswitch.conf /etc/ssl /etc/erlang /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/alternatives; do
    [ ! -e "$file" ] || cp -a "$file" "$volumes/etc/"
done
printf '%s\n' "$POD_HOSTS" >"$volumes/etc/hosts"
mount --bind "$volumes/etc" /etc
for folder in /opt /run /var/lib; do
    mount -t tmpfs tmpfs "$folder"
done
while read -r volume path; do
    case $path in /tmp) continue ;; esac
    mkdir -p "$path"
    mount --bind "$volumes/$volume" "$path"
done <"$volumes/mounts"
mkdir -p /opt/bin
cp "$volumes"/bin/* /opt/bin/
# Last: what is mounted comes from below it.
mount --bind "$volumes/tmp" /tmp
mount -o remount,ro,bind /
echo ready
exec sleep infinity
