# What setup-and-test.sh and teardown.sh share: the cluster on this machine, and where it is written down. Sourced, never run.
# shellcheck shell=bash
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Its name, at Kind and Minikube alike.
CLUSTER=ejabberd-sidecar
# The release, which its objects are called after.
# shellcheck disable=SC2034 # for the scripts that source this file
RELEASE=ejabberd
# What was made: `made` (with what, in which engine, namespace), a kubeconfig of its own, the processes that forward ports.
STATE=$CACHE/cluster
# Whatever asks without being told otherwise asks this one; nobody's own contexts are read or written.
export KUBECONFIG=$STATE/kubeconfig
HELM=${HELM:-helm}

# Of what is written down: `with` (kind or minikube), `engine` (docker or podman), `namespace`.
made() { sed -n "s/^$1=//p" "$STATE/made" 2>/dev/null || true; }

# Kind takes docker unless it is told.
use_engine() { [[ $1 != podman ]] || export KIND_EXPERIMENTAL_PROVIDER=podman; }

context() {
    case $1 in
    kind) echo "kind-$CLUSTER" ;;
    minikube) echo "$CLUSTER" ;;
    esac
}

# there KIND: whether it has a cluster of that name, whoever made it.
there() {
    case $1 in
    kind) kind get clusters 2>/dev/null | grep -qxF "$CLUSTER" ;;
    minikube) minikube profile list --output json 2>/dev/null | grep -qF "\"Name\":\"$CLUSTER\"" ;;
    esac
}

# The same cluster for both, named at each call.
kube() {
    kubectl --kubeconfig "$KUBECONFIG" --context "$(context "$(made with)")" --namespace "$(made namespace)" "$@"
}
helm_there() {
    "$HELM" "$@" --kubeconfig "$KUBECONFIG" --kube-context "$(context "$(made with)")" --namespace "$(made namespace)"
}

# Numbers are given to others again: only what is still ours is ended.
end_forwards() {
    local pid
    [[ -e $STATE/forwards ]] || return 0
    while read -r pid; do
        [[ $(ps -ww -p "$pid" -o args= 2>/dev/null) != *"$KUBECONFIG"*port-forward* ]] || kill "$pid" 2>/dev/null || true
    done <"$STATE/forwards"
    rm -f "$STATE/forwards"
}
