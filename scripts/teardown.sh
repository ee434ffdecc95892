#!/usr/bin/env bash
# Takes away what setup-and-test.sh has made on this machine: forwarded ports, the release, the cluster. A cluster that it did not make is left alone,
# and so is every other context of kubectl. It may be run as often as you like.
# shellcheck source=scripts/cluster.sh
source "$(dirname "$0")/cluster.sh"

(($# == 0)) || fail "usage: teardown.sh, without arguments"
end_forwards
with=$(made with)
if [[ -z $with ]]; then
    say "there is no cluster that setup-and-test.sh made"
    exit
fi
have "$with" || fail "$with, with which the cluster was made, is missing: $CLUSTER cannot be deleted"
use_engine "$(made engine)"

if there "$with"; then
    if [[ -s $KUBECONFIG ]]; then
        say "uninstalling $RELEASE"
        # With the cluster it goes in any case.
        helm_there uninstall "$RELEASE" --ignore-not-found --wait --timeout 2m >&2 || say "it could not be uninstalled, and goes with the cluster"
    fi
    say "deleting the cluster $CLUSTER ($with)"
    case $with in
    kind) kind delete cluster --name "$CLUSTER" --kubeconfig "$KUBECONFIG" >&2 ;;
    minikube) minikube delete --profile "$CLUSTER" >&2 ;;
    esac || fail "the cluster $CLUSTER ($with) could not be deleted: try again"
fi
rm -rf "$STATE"
say "all of it is gone"
