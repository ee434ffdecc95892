#!/usr/bin/env bash
# The chart in a cluster on this machine, by Kind or Minikube: makes the cluster, builds the image and brings it in, installs, forwards ports, and runs
# hurl-tests/ through them. Then it takes everything away again. The last line tells how it went, and so does the exit code.
#
#   --with kind|minikube   what makes the cluster            (the one that is here, Kind first)
#   --namespace NAME       where it is installed             (chat)
#   --version VERSION      of ejabberd, the tag of its image (the chart's)
#   --keep                 leaves the cluster, and the ports if all went well; teardown.sh takes them away
#
#   IMAGE       the sidecar's image, which is here already: it is not built
#   TIMEOUT     10m    how long the installation may take, images included
#   WEB_PORT 8443 · OPS_PORT 8082 · C2S_PORT 5222 · C2S_TLS_PORT 5223   where ports are forwarded from
#   HELM, HURL  these programs, where they are not on the PATH
# shellcheck disable=SC2329 # traps call functions by name
# shellcheck source=scripts/cluster.sh
source "$(dirname "$0")/cluster.sh"

with='' namespace=chat version='' keep='' ours='' step='' result='' running=''
web=${WEB_PORT:-8443} ops=${OPS_PORT:-8082} c2s=${C2S_PORT:-5222} c2s_tls=${C2S_TLS_PORT:-5223}

usage() { fail "$1; usage: setup-and-test.sh [--with kind|minikube] [--namespace NAME] [--version VERSION] [--keep]"; }
while (($#)); do
    case $1 in
    --keep) keep=1 && shift && continue ;;
    --with | --namespace | --version) (($# > 1)) || usage "$1 needs a value" ;;
    *) usage "'$1' is not known" ;;
    esac
    case $1 in
    --with) with=$2 ;;
    --namespace) namespace=$2 ;;
    --version) version=$2 ;;
    esac
    shift 2
done
[[ $with == @(|kind|minikube) ]] || usage "--with is '$with'"
[[ $namespace =~ ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ ]] || usage "--namespace is '$namespace', which is no name of one"
[[ $version =~ ^[A-Za-z0-9._-]*$ ]] || usage "--version is '$version', which is no tag"

# All that is missing at once, with where to get it.
missing=()
need() { have "$1" || missing+=("$1: $2"); }
if [[ -z $with ]]; then
    with=kind
    have kind || ! have minikube || with=minikube
fi
case $with in
kind) need kind "https://kind.sigs.k8s.io/docs/user/quick-start/#installation (or minikube: https://minikube.sigs.k8s.io/docs/start/)" ;;
minikube) need minikube "https://minikube.sigs.k8s.io/docs/start/" ;;
esac
# Podman's containers, where there is no docker that answers.
engine_answers() { have "$1" && "$1" info >/dev/null 2>&1; }
engine=docker
engine_answers docker || engine=podman
[[ $engine == docker ]] || engine_answers podman || missing+=("docker or podman, one that answers \`info\`: https://docs.docker.com/engine/install/, https://podman.io/docs/installation")
need kubectl "https://kubernetes.io/docs/tasks/tools/"
need "$HELM" "https://helm.sh/docs/intro/install/ (or set HELM)"
need "${HURL:=hurl}" "https://hurl.dev/docs/installation.html (or set HURL to what scripts/hurl prints, which builds it)"
need flock "util-linux"
if ((${#missing[@]})); then
    printf 'error: there is no %s\n' "${missing[@]}" >&2
    exit 1
fi
export HURL
use_engine "$engine"

mkdir -p "$CACHE"
# The last line is all that goes to stdout.
exec 8>&1 >&2 9>"$CACHE/cluster.lock"
flock -n 9 || fail "another setup-and-test.sh is at work: wait for it, or end it"

# Whatever ends this script ends what it runs, and takes away what it made.
ended() {
    local code=$?
    trap '' INT TERM HUP
    if [[ -n $running ]]; then
        kill -- "-$running" 2>/dev/null || true
        wait "$running" 2>/dev/null || true
    fi
    exec 9>&-
    if [[ -z $ours ]]; then
        :
    elif [[ -z $keep ]]; then
        "$ROOT/scripts/teardown.sh" || { code=1 && result="${result:+$result, but }the cluster is still there"; }
    elif ((code)); then
        end_forwards
        say "the cluster $CLUSTER ($with) is still there: KUBECONFIG=$KUBECONFIG kubectl …, and scripts/teardown.sh at the end"
    fi
    if ((code)); then
        echo "setup-and-test: FAILED: ${result:-$step}" >&8
    else
        echo "setup-and-test: passed: $result" >&8
    fi
    exit "$code"
}
trap ended EXIT
trap 'result="interrupted at $step" && exit 130' INT
trap 'result="interrupted at $step" && exit 143' TERM HUP

# In a group of its own: signals are ours, also while it runs, and it is ended with all that it runs.
run() {
    local code=0
    set -m
    "$@" </dev/null 8>&- 9>&- &
    running=$!
    set +m
    wait "$running" || code=$?
    running=''
    return "$code"
}

cluster() {
    local other
    step="the cluster" other=$(made with)
    [[ -z $other || $other == "$with" ]] || fail "there is one made with $other: use --with $other, or run scripts/teardown.sh"
    if there "$with"; then
        # Before anything is written down, so that it is not taken for ours.
        [[ -n $other ]] || fail "$with has a cluster $CLUSTER that this script did not make: it is left alone; delete it yourself"
        say "there is the cluster $CLUSTER ($with) of an earlier run"
    fi
    mkdir -p "$STATE"
    # First: one that is half made is ours, too.
    ours=1
    printf '%s\n' "with=$with" "engine=$engine" "namespace=$namespace" >"$STATE/made"
    end_forwards
    there "$with" && [[ -s $KUBECONFIG ]] && return
    say "making the cluster $CLUSTER ($with)"
    case $with in
    kind) run kind create cluster --name "$CLUSTER" --kubeconfig "$KUBECONFIG" --wait 3m ;;
    minikube) run minikube start --profile "$CLUSTER" --driver "$engine" --wait all ;;
    esac
}

# By an archive, which is the same for docker and podman.
image() {
    local archive=$STATE/image.tar
    step="the image"
    image=${IMAGE:-docker.io/library/ejabberd-sidecar:$(sed -n 's/^appVersion: "\(.*\)"$/\1/p' "$ROOT/helm/ejabberd/Chart.yaml")}
    [[ $image == *:* ]] || image+=:latest
    if [[ -z ${IMAGE:-} ]]; then
        say "building $image"
        IMAGE=$image run "$ROOT/scripts/image"
    fi
    say "bringing $image into the cluster"
    rm -f "$archive"
    run "$engine" save --output "$archive" "$image"
    case $with in
    kind) run kind load image-archive "$archive" --name "$CLUSTER" ;;
    minikube) run minikube image load "$archive" --profile "$CLUSTER" ;;
    esac
    rm -f "$archive"
}

release() {
    local values=(--set-string "sidecar.image.repository=${image%:*}" --set-string "sidecar.image.tag=${image##*:}")
    step="the installation"
    values+=(--set-string "uploads.url=https://upload.localhost:$web/upload/@HOST@")
    [[ -z $version ]] || values+=(--set-string "ejabberd.image.tag=$version")
    say "installing $RELEASE, which takes a few minutes (TIMEOUT ${TIMEOUT:-10m})"
    run helm_there upgrade --install "$RELEASE" "$ROOT/helm/ejabberd" --create-namespace --values "$ROOT/helm/ejabberd/ci/kind-values.yaml" \
        "${values[@]}" --wait --timeout "${TIMEOUT:-10m}" || {
        kube get pods,events || true
        kube logs "statefulset/$RELEASE" --all-containers --tail 30 || true
        return 1
    }
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# forward WHAT PORT TO [PORT TO]…
forward() {
    local what=$1 pid port ports=() tries
    shift
    while (($#)); do
        ! answers "$1" || fail "port $1 is taken: end what listens there, or choose others (WEB_PORT, OPS_PORT, C2S_PORT, C2S_TLS_PORT)"
        ports+=("$1:$2")
        shift 2
    done
    kubectl --kubeconfig "$KUBECONFIG" --context "$(context "$with")" --namespace "$namespace" \
        port-forward --address 127.0.0.1 "$what" "${ports[@]}" </dev/null >"$STATE/forward.log" 2>&1 8>&- 9>&- &
    pid=$!
    echo "$pid" >>"$STATE/forwards"
    for port in "${ports[@]%:*}"; do
        tries=150
        until answers "$port"; do
            if ! kill -0 "$pid" 2>/dev/null || ((tries-- == 0)); then
                cat "$STATE/forward.log"
                return 1
            fi
            sleep 0.2
        done
    done
}

# The pod's own program makes tokens and URLs, so that no secret leaves the cluster but these.
sidecar() {
    local words=(kubectl --kubeconfig "$KUBECONFIG" --context "$(context "$with")" --namespace "$namespace" exec "$RELEASE-0" --container sidecar -- /ejabberd-sidecar)
    {
        echo '#!/bin/sh'
        echo '# COMMAND SUBCOMMAND --config FILE …: the file is the one in the pod.'
        # shellcheck disable=SC2016 # for that script
        echo 'command=$1 subcommand=$2 && shift 4'
        for word in "${words[@]}"; do printf '%s ' "$(sh_quote "$word")"; done
        # shellcheck disable=SC2016
        echo '"$command" "$subcommand" --config /etc/ejabberd-sidecar/sidecar.toml "$@"'
    } >"$STATE/sidecar"
    chmod 700 "$STATE/sidecar"
}

hurl_tests() {
    local files=() name
    step="hurl-tests"
    kube get secret "$RELEASE-tls" --output 'jsonpath={.data.tls\.crt}' | base64 -d >"$STATE/tls.crt"
    sidecar
    printf '%s\n' "public=https://localhost:$web" "hook=none" "ops=http://127.0.0.1:$ops" host=localhost user=alice other=bob \
        stranger=nobody-ever too_large=104857601 >"$STATE/variables.env"
    # The hook is a socket in the pod.
    for name in upload download errors cors api ops; do files+=("$ROOT/hurl-tests/$name.hurl"); done
    VARIABLES=$STATE/variables.env SIDECAR=$STATE/sidecar CACERT=$STATE/tls.crt \
        run "$ROOT/scripts/hurl-tests" /dev/null "${files[@]}"
}

cluster
image
release
step="the forwarded ports"
forward "service/$RELEASE-web" "$web" 443
forward "pod/$RELEASE-0" "$ops" 8082
forward "service/$RELEASE" "$c2s" 5222 "$c2s_tls" 5223
hurl_tests
result="hurl-tests, with ejabberd ${version:-of the chart}, in $with"
[[ -z $keep ]] || cat <<END

ejabberd and ejabberd-sidecar are running, until scripts/teardown.sh.
  clients   localhost, port $c2s, STARTTLS; port $c2s_tls, TLS; the password is a token:
            $STATE/sidecar token mint --config - --sub alice@localhost --ttl 1h
  files     https://upload.localhost:$web
  kubectl   KUBECONFIG=$KUBECONFIG kubectl --namespace $namespace …

END
