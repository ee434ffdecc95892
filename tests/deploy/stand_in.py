#!/usr/bin/env -S python3 -IS
"""kind, minikube, docker, podman, kubectl, helm and hurl, as much as setup-and-test.sh uses of them: whatever else they
are told fails. Each is a link to this file. STAND_INS is a folder with what they write down: `calls`, the clusters that
there are, and `plan`: what fails, what takes its time, and which pod is reached."""

# Few imports: most calls are short, and there are many.
import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["STAND_INS"])
PLAN = json.loads((FOLDER / "plan").read_text())
NAME, WORDS = Path(sys.argv[0]).name, sys.argv[1:]
CLUSTER = "ejabberd-sidecar"
CLONE_NEWNET = 0x40000000
# Service and port to the pod's.
TARGETS = {"443": "8080"}


def unknown():
    sys.exit(f"{NAME}: the stand-in does not know {WORDS}")


def option(name):
    return WORDS[WORDS.index(name) + 1] if name in WORDS else unknown()


def is_call(*words):
    return WORDS[: len(words)] == list(words)


def clusters():
    return set((FOLDER / "clusters").read_text().split())


def kept(names):
    (FOLDER / "clusters").write_text(" ".join(names))


def create(context, kubeconfig):
    kept(clusters() | {CLUSTER})
    cluster = {"name": context, "cluster": {"server": "http://127.0.0.1:1"}}
    found = {"name": context, "context": {"cluster": context, "user": context}}
    users = [{"name": context, "user": {}}]
    config = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [found], "users": users}
    Path(kubeconfig).write_text(json.dumps(config))


def kind():
    if WORDS == ["get", "clusters"]:
        print("\n".join(clusters()))
    elif is_call("create", "cluster"):
        create(f"kind-{option('--name')}", option("--kubeconfig"))
    elif is_call("load", "image-archive"):
        assert Path(WORDS[2]).read_text() == "an image"
        assert option("--name") in clusters()
    elif is_call("delete", "cluster"):
        kept(clusters() - {option("--name")})
    else:
        unknown()


def minikube():
    if WORDS == ["profile", "list", "--output", "json"]:
        print(json.dumps({"valid": [{"Name": name} for name in clusters()]}, separators=(",", ":")))
    elif is_call("start"):
        create(option("--profile"), os.environ["KUBECONFIG"])
    elif is_call("image", "load"):
        assert Path(WORDS[2]).read_text() == "an image"
        assert option("--profile") in clusters()
    elif is_call("delete"):
        kept(clusters() - {option("--profile")})
    else:
        unknown()


def docker():
    if WORDS == ["info"] or is_call("buildx", "version") or is_call("buildx", "build") or is_call("build"):
        return
    if not is_call("save"):
        unknown()
    Path(option("--output")).write_text("an image")


def in_its_cluster(context):
    """Whoever asks the cluster has to name it, and its own file."""
    contexts = json.loads(Path(option("--kubeconfig")).read_text())["contexts"]
    assert [option(context)] == [each["name"] for each in contexts]


def helm():
    in_its_cluster("--kube-context")
    if is_call("upgrade", "--install") and "helm" in PLAN:
        # The real one renders it.
        ours = ("--create-namespace", "--wait", "--install", "upgrade")
        words = [word for word in WORDS if word not in ours]
        for name in ("--timeout", "--kubeconfig", "--kube-context"):
            at = words.index(name)
            del words[at : at + 2]
        import subprocess

        done = subprocess.run([PLAN["helm"], "template", *words], capture_output=True, text=True)
        sys.stderr.write(done.stderr)
        sys.exit(done.returncode)
    elif not is_call("upgrade", "--install") and not is_call("uninstall"):
        unknown()


def kubectl():
    in_its_cluster("--context")
    rest = WORDS[WORDS.index("--namespace") + 2 :]
    match rest:
        case ["get", "secret", "ejabberd-tls", "--output", "jsonpath={.data.tls\\.crt}"]:
            import base64

            print(base64.b64encode(PLAN.get("certificate", "certificate").encode()).decode())
        case ["get", "pods,events"] | ["logs", "statefulset/ejabberd", "--all-containers", "--tail", "30"]:
            print("what kubectl tells")
        case ["exec", "ejabberd-0", "--container", "sidecar", "--", *words]:
            execute(words)
        case ["port-forward", "--address", "127.0.0.1", _, *ports]:
            forward(ports)
        case _:
            unknown()


def execute(words):
    if "exec" in PLAN:
        os.environ["PATH"] += ":/usr/sbin:/usr/bin:/sbin:/bin"
        os.execvp(PLAN["exec"][0], [*PLAN["exec"], *words])
    print("https://upload.localhost:1/upload/localhost/a/b/c?token=x" if "sign" in words else "a.b.c")


def forward(ports):
    """Listens here, and connects in the pod's network."""
    import ctypes
    import socket
    import threading

    servers = []
    for pair in ports:
        here, there = pair.split(":")
        servers.append((socket.create_server(("127.0.0.1", int(here))), int(TARGETS.get(there, there))))
    if "pid" in PLAN:
        with open(f"/proc/{PLAN['pid']}/ns/net") as network:
            assert ctypes.CDLL(None).setns(network.fileno(), CLONE_NEWNET) == 0
    threads = [threading.Thread(target=serve, args=each) for each in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def serve(server, port):
    import socket
    import threading

    while True:
        client, _ = server.accept()
        if "pid" not in PLAN:
            client.close()
            continue
        pod = socket.create_connection(("127.0.0.1", port))
        for ends in ((client, pod), (pod, client)):
            threading.Thread(target=pump, args=ends, daemon=True).start()


def pump(source, target):
    import socket

    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


def hurl():
    assert "--cacert" in WORDS


PROGRAMS = {each.__name__: each for each in (kind, minikube, docker, kubectl, helm, hurl)} | {"podman": docker}


def main():
    with (FOLDER / "calls").open("a") as calls:
        calls.write(json.dumps([NAME, *WORDS]) + "\n")
    call = f"{NAME} {' '.join(WORDS)}"
    if any(slow in call for slow in PLAN.get("hangs", [])):
        (FOLDER / "hanging").write_text(str(os.getpid()))
        os.execvp("sleep", ["sleep", "600"])
    fails = any(failing in call for failing in PLAN.get("fails", []))
    # A cluster that could not be made is there all the same.
    if not fails or "create cluster" in call:
        PROGRAMS[NAME]()
    if fails:
        sys.exit(f"{call}: fails as planned")


main()
