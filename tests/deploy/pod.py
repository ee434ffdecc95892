"""A rendered pod, run by podman without a cluster: the containers of the manifest from the images it names, with their
security contexts, environments, mounts and limits, begun, probed and ended in the order of the kubelet."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from itertools import count

from charts import containers, one, pods
from podman import inspected, options, podman, run_by
from volumes import Volumes

MAIN = "xmpp-ejabberd"
NUMBERS = count()


def until(what, seconds=120, every=0.2):
    """Waits for the answer to be truthy, and returns it."""
    end = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < end, f"{what} did not come true within {seconds} s"
        time.sleep(every)
    return answer


class Pod:
    """Its volumes are in `volumes`, also when it is gone."""

    def __init__(self, folder, items, extra_pods=(), existing=None, ordinal=0, lost=None, network=None, publish=()):
        self.items = items
        self.spec = dict(pods(items))[MAIN]
        self.user = self.spec["securityContext"]["runAsUser"]
        self.name = f"{MAIN}-{ordinal}"
        headless = one(items, "Service", "-headless")["metadata"]
        self.address = f"{self.name}.{headless['name']}.{headless['namespace']}.svc.cluster.local"
        self.volumes, self.logs = folder / "volumes", folder / "logs"
        self.logs.mkdir(parents=True)
        self.fill([self.spec, *(dict(pods(items))[name] for name in extra_pods)], existing or {})
        if lost:
            self.take_over(lost)
        self.starts = {}
        # Several of one name may follow on each other.
        self.id = f"{self.name}-{next(NUMBERS)}"
        self.create(network, publish)

    def fill(self, specs, existing):
        volumes = self.brought = Volumes(self.volumes, self.items, self.user, existing)
        wanted = {volume["name"]: volume for spec in specs for volume in spec["volumes"]}
        wanted |= {name: {"name": name} for name in self.claims()}
        for volume in wanted.values():
            volumes.make(volume)

    def update(self, items, *names):
        """What is in these volumes as it is now, as the kubelet brings it after a while."""
        self.brought.items = items
        for volume in self.spec["volumes"]:
            if volume["name"] in names:
                self.brought.project(volume)

    def take_over(self, lost):
        """What was claimed by a pod of this name that is no more."""
        for claim in self.claims():
            (self.volumes / claim).rmdir()
            (lost.volumes / claim).rename(self.volumes / claim)

    def claims(self):
        found = one(self.items, "StatefulSet")["spec"].get("volumeClaimTemplates", [])
        return [claim["metadata"]["name"] for claim in found]

    def create(self, network, publish):
        """What its containers share: a network, some of its ports on this machine, and the names in it."""
        own = ["--name", self.id, "--hostname", self.name, "--share", "net,ipc,uts"]
        own += [word for port in publish for word in ("--publish", f"{port}:{port}")]
        podman("pod", "create", *own, "--network", network.name if network else "none")
        podman("pod", "start", self.id)
        infra = inspected("container", inspected("pod", self.id)["InfraContainerID"])
        self.pid = infra["State"]["Pid"]
        self.ip = infra["NetworkSettings"]["Networks"][network.name]["IPAddress"] if network else "127.0.0.1"
        self.etc = self.volumes.with_name("etc")
        self.etc.mkdir()
        # Nobody answers there, and so says at once that there is no other name.
        (self.etc / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        network.attach(self) if network else self.know([])

    def know(self, others):
        """Writes down what the kubelet does, and names that a cluster's DNS has."""
        # On the network of its node a pod has the node's file, in which it is not named.
        own = [] if self.spec.get("hostNetwork") else [f"{self.ip} {self.address} {self.name}"]
        hosts = ["127.0.0.1 localhost", *own, *others]
        hosts += [f"{alias['ip']} {' '.join(alias['hostnames'])}" for alias in self.spec.get("hostAliases", [])]
        (self.etc / "hosts").write_text("\n".join([*hosts, ""]))

    def environment(self, container):
        given = {}
        for entry in container.get("env", []):
            field = entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            assert field in (None, "metadata.name")
            value = self.name if field else entry["value"]
            given[entry["name"]] = value.replace("$(POD_NAME)", self.name)
        return given

    def container(self, name):
        every = [c for _, pod in pods(self.items) for c in containers(pod)]
        return next(c for c in every if c["name"] == name)

    def called(self, name):
        return f"{self.id}-{name}"

    def state(self, name):
        return inspected("container", self.called(name))["State"]

    def runs(self, name):
        return name in self.starts and self.state(name)["Running"]

    def run(self, name, *words, check=True, **changed):
        """A command in a container that runs, or in a new one, changed perhaps; or, to its end, what it runs itself."""
        if words and not changed and self.runs(name):
            return podman("exec", self.called(name), *words, check=check)
        container = {**self.container(name), **changed}
        return podman("run", "--rm", *self.options(container), *run_by(container, words), check=check)

    def options(self, container):
        shared = [word for file in self.etc.iterdir() for word in ("--volume", f"{file}:/etc/{file.name}:ro")]
        said = options(self.spec, container, self.environment(container), self.volumes.joinpath)
        return ["--pod", self.id, *shared, *said]

    def inside(self, name):
        """The first words of a command that runs in a container, whoever calls it."""
        store = [f"{key}={os.environ[key]}" for key in ("CONTAINERS_STORAGE_CONF", "CONTAINERS_CONF")]
        return ["env", *store, shutil.which("podman"), "exec", self.called(name)]

    def begin(self, name):
        container = self.container(name)
        podman("rm", "--force", "--ignore", "--time", "0", self.called(name))
        self.starts[name] = self.starts.get(name, 0) + 1
        log = ["--log-driver", "k8s-file", "--log-opt", f"path={self.logs / name}.{self.starts[name]}"]
        podman("run", "--detach", "--name", self.called(name), *log, *self.options(container), *run_by(container))

    def probe(self, name, kind):
        container = self.container(name)
        probe = container[kind]
        if "exec" in probe:
            return self.runs(name) and self.run(name, *probe["exec"]["command"], check=False).returncode == 0
        asked = probe["httpGet"]
        [port] = [each["containerPort"] for each in container["ports"] if each["name"] == asked["port"]]
        url = f"http://{self.ip}:{port}{asked['path']}"
        return self.outside("curl", "-fs", "--noproxy", "*", url).returncode == 0

    def outside(self, *words, **more):
        """A command of this machine that reaches the pod's ports."""
        command = ["nsenter", f"--target={self.pid}", "--net", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)

    def start(self, *names):
        """Begins containers, one after the other, and waits for their startup probes as the kubelet does."""
        for name in names:
            self.begin(name)
            hook = self.container(name).get("lifecycle", {}).get("postStart")
            if hook:
                self.run(name, *hook["exec"]["command"])
        for name in names:
            if "startupProbe" in self.container(name):
                until(lambda name=name: self.probe(name, "startupProbe") or self.died(name))

    def died(self, name):
        assert self.runs(name), f"{name} ended by itself: {self.log(name)[-3000:]}"

    def start_all(self):
        for container in self.spec["initContainers"]:
            name = container["name"]
            self.start(name) if container.get("restartPolicy") == "Always" else self.run(name)
        self.start(*self.main())

    def main(self):
        return [container["name"] for container in self.spec["containers"]]

    def begun(self):
        """Which process each container runs, and whether it still does."""
        states = {name: self.state(name) for name in self.starts}
        return {name: (state["Pid"], state["Status"]) for name, state in states.items()}

    def signal(self, name, number):
        """To the container's first process alone."""
        pid = self.state(name)["Pid"]
        # Trap: 0 is the group of who sends it.
        assert pid, f"{name} has ended by itself: {self.log(name)[-3000:]}"
        os.kill(pid, number)

    def ended(self, name, seconds=60):
        """Its exit code, as soon as it has one."""
        until(lambda: not self.runs(name), seconds)
        return self.state(name)["ExitCode"]

    def end(self, name):
        self.signal(name, signal.SIGTERM)
        return self.ended(name)

    def kill(self, name):
        """All of it: with the first process of a container the others end."""
        self.signal(name, signal.SIGKILL)
        self.ended(name)

    def kill_inside(self, name, pattern):
        """All processes of a container whose command line has this in it."""
        script = 'for p in /proc/[0-9]*; do ! grep -qa "$0" "$p/cmdline" 2>/dev/null || kill -9 "${p##*/}"; done'
        self.run(name, "sh", "-c", script, pattern, check=False)

    def stop_all(self):
        """preStop, or SIGTERM, to all main containers at once; then SIGTERM to the sidecars."""
        others = [name for name in self.main() if name != "ejabberd"]
        for name in others:
            self.signal(name, signal.SIGTERM)
        codes = {"ejabberd": self.end_ejabberd()}
        codes |= {name: self.ended(name) for name in others}
        return codes | {name: self.end(name) for name in self.starts.keys() - codes.keys()}

    def end_ejabberd(self):
        hook = self.container("ejabberd")["lifecycle"]["preStop"]["exec"]["command"]
        # It may end the very container in which it runs.
        self.run("ejabberd", *hook, check=False)
        # One that answers too soon is followed by the signal that does harm.
        if self.runs("ejabberd"):
            podman("kill", "--signal", "TERM", self.called("ejabberd"), check=False)
        return self.ended("ejabberd")

    def log(self, name):
        """Of all its starts."""
        return "".join(file.read_text(errors="replace") for file in sorted(self.logs.glob(f"{name}.*")))

    def ejabberd_log(self):
        return (self.volumes / "home" / "logs" / "ejabberd.log").read_text(errors="replace")

    def remove(self):
        podman("pod", "rm", "--force", "--ignore", "--time", "0", self.id)


@contextmanager
def running(*arguments, **more):
    pod = Pod(*arguments, **more)
    try:
        yield pod
    finally:
        pod.remove()
