"""A rendered pod, run without a cluster: the containers' commands, probes and hooks of the manifest as processes in the
order of the kubelet, in namespaces that have the pod's volumes at their places, nothing else that can be written, the
pod's user and no capabilities.

What differs from a container: all see this machine's programs and one set of mounts; ejabberd is Debian's, with
bin/ejabberdctl as in the image."""

import base64
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from charts import ROOT, containers, one, pods

HERE = Path(__file__).parent
MAIN = "xmpp-ejabberd"


def until(what, seconds=120, every=0.2):
    """Waits for the answer to be truthy, and returns it."""
    end = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < end, f"{what} did not come true within {seconds} s"
        time.sleep(every)
    return answer


def ejabberd(which):
    """Root, libraries and version of an ejabberd that is here: Debian's (""), or the "newest"."""
    script = 'source "$0/scripts/lib.sh"; printf "%s\\n" "$(ejabberd_root)" "$(ejabberd_libs)" "$(ejabberd_version)"'
    command = ["bash", "-c", script, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "EJABBERD": which})
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


class Volumes:
    """The volumes of a pod as folders, filled as the kubelet fills them."""

    def __init__(self, folder, items, user, existing):
        self.folder, self.items, self.user, self.existing = folder, items, user, existing

    def data(self, kind, name):
        if name in self.existing:
            return self.existing[name]
        item = next(item for item in self.items if item["kind"] == kind and item["metadata"]["name"] == name)
        if kind == "ConfigMap":
            return {key: text.encode() for key, text in item["data"].items()}
        return {key: base64.b64decode(text) for key, text in item["data"].items()}

    def files(self, volume):
        """Path and contents of what a volume brings."""
        if "configMap" in volume:
            yield from self.chosen("ConfigMap", volume["configMap"])
        if "secret" in volume:
            source = volume["secret"]
            yield from self.chosen("Secret", {**source, "name": source["secretName"]})
        for source in volume.get("projected", {}).get("sources", []):
            for key, kind in ("configMap", "ConfigMap"), ("secret", "Secret"):
                if key in source:
                    yield from self.chosen(kind, source[key])

    def chosen(self, kind, source):
        data = self.data(kind, source["name"])
        items = source.get("items") or [{"key": key, "path": key} for key in data]
        return [(item["path"], data[item["key"]]) for item in items]

    def make(self, volume):
        place = self.folder / volume["name"]
        place.mkdir(parents=True)
        self.project(volume)
        if "emptyDir" in volume or len(volume) == 1:
            os.chown(place, self.user, self.user)
            place.chmod(0o2775)

    def project(self, volume):
        """All files at once: in a folder of their own, to which one link is turned."""
        mode = next((v["defaultMode"] for v in volume.values() if isinstance(v, dict) and "defaultMode" in v), 0o644)
        place = self.folder / volume["name"]
        folder = place / f"..{time.monotonic_ns()}"
        for path, contents in self.files(volume):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents)
            os.chown(file, 0, self.user)
            file.chmod(mode)
        if folder.exists():
            (place / "..new").symlink_to(folder.name)
            (place / "..new").rename(place / "..data")
            for name in {path.name for path in folder.iterdir()} - {path.name for path in place.iterdir()}:
                (place / name).symlink_to(f"..data/{name}")


class Pod:
    def __init__(self, folder, items, sidecar, usr="", libs="", extra_pods=(), existing=None, ordinal=0, lost=None):
        self.items, self.usr, self.libs = items, usr, libs
        self.spec = dict(pods(items))[MAIN]
        self.user = self.spec["securityContext"]["runAsUser"]
        self.name = f"{MAIN}-{ordinal}"
        headless = one(items, "Service", "-headless")["metadata"]
        self.address = f"{self.name}.{headless['name']}.{headless['namespace']}.svc.cluster.local"
        self.folder, self.volumes, self.logs = folder, folder / "volumes", folder / "logs"
        self.logs.mkdir(parents=True)
        self.processes = {}
        specs = [self.spec, *(dict(pods(items))[name] for name in extra_pods)]
        self.fill(specs, existing or {})
        if lost:
            self.take_over(lost)
        self.programs(sidecar)
        self.enter()

    def fill(self, specs, existing):
        volumes = self.brought = Volumes(self.volumes, self.items, self.user, existing)
        wanted = {volume["name"]: volume for spec in specs for volume in spec["volumes"]}
        wanted |= {name: {"name": name} for name in self.claims()}
        for volume in wanted.values():
            volumes.make(volume)
        mounts = {m["mountPath"]: m["name"] for spec in specs for c in containers(spec) for m in c["volumeMounts"]}
        lines = [f"{name} {path}\n" for path, name in sorted(mounts.items(), key=lambda pair: len(pair[0]))]
        (self.volumes / "mounts").write_text("".join(lines))

    def update(self, items, *names):
        """The ConfigMaps of these volumes as they are now, as the kubelet brings them after a while."""
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

    def programs(self, sidecar):
        """What the images bring."""
        shutil.copytree(HERE / "bin", self.volumes / "bin")
        shutil.copy2(sidecar, self.volumes / "bin" / "ejabberd-sidecar")
        self.bring(os.environ["HURL"], self.volumes / "bin")

    def bring(self, program, folder):
        """A program with its libraries, for a root that has others."""
        listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        paths = [line.split()[2] for line in listed.splitlines() if "=> /" in line]
        for path in [
            program,
            *(path for path in paths if not Path(path).name.startswith(("libc.", "libm."))),
        ]:
            shutil.copy2(path, folder)

    def enter(self):
        command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
        command += ["sh", HERE / "pod-root.sh", self.volumes, self.usr]
        environment = {"PATH": os.environ["PATH"], "POD_HOSTS": f"127.0.0.1 localhost {self.address} {self.name}"}
        self.root = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.root.stdout.readline() == "ready\n"
        self.pid = int(Path(f"/proc/{self.root.pid}/task/{self.root.pid}/children").read_text())

    def environment(self, container):
        given = {
            "PATH": "/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/opt/ejabberd",
            "ERL_LIBS": self.libs,
        }
        for entry in container.get("env", []):
            field = entry.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            assert field in (None, "metadata.name")
            value = self.name if field else entry["value"]
            given[entry["name"]] = value.replace("$(POD_NAME)", self.name)
        return given

    def command(self, container, words):
        words = ["/opt/bin/" + word.rpartition("/")[2] if word == "/ejabberd-sidecar" else word for word in words]
        environment = [f"{key}={value}" for key, value in self.environment(container).items()]
        user = [f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--no-new-privs"]
        inside = [
            "nsenter",
            f"--target={self.pid}",
            "--mount",
            "--net",
            "--pid",
            "env",
            "-C",
            "/opt/ejabberd",
            "-i",
        ]
        return [*inside, *environment, "setpriv", *user, "--bounding-set=-all", "--inh-caps=-all", *words]

    def container(self, name):
        every = [c for _, pod in pods(self.items) for c in containers(pod)]
        return next(c for c in every if c["name"] == name)

    def run(self, name, *words, check=True):
        """A command in a container, or the container's own."""
        container = self.container(name)
        words = words or [*container.get("command", []), *container.get("args", [])]
        done = subprocess.run(self.command(container, words), capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done

    def begin(self, name):
        container = self.container(name)
        start = {"ejabberd": ["ejabberdctl", "foreground"], "sidecar": ["/ejabberd-sidecar"]}.get(name, [])
        words = [*(container.get("command") or start), *container.get("args", [])]
        with (self.logs / name).open("ab") as log:
            command = self.command(container, words)
            self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def probe(self, name, kind):
        probe = self.container(name)[kind]
        if "exec" in probe:
            return self.run(name, *probe["exec"]["command"], check=False).returncode == 0
        url = f"http://127.0.0.1:8082{probe['httpGet']['path']}"
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
        process = self.processes[name]
        assert process.poll() is None, f"{name} ended by itself: {self.log(name)[-3000:]}"

    def start_all(self):
        for container in self.spec["initContainers"]:
            name = container["name"]
            self.start(name) if container.get("restartPolicy") == "Always" else self.run(name)
        self.start(*self.main())

    def main(self):
        return [container["name"] for container in self.spec["containers"]]

    def signal(self, name, number):
        """To the container's first process alone."""
        os.kill(self.first(name), number)

    def first(self, name):
        pid = self.processes[name].pid
        # nsenter stays outside of the PID namespace and waits for its child.
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else pid

    def end(self, name, seconds=60):
        self.signal(name, signal.SIGTERM)
        return self.processes[name].wait(seconds)

    def kill(self, name):
        self.signal(name, signal.SIGKILL)
        self.processes[name].wait(10)

    def kill_inside(self, file, pattern):
        """All processes of the pod whose file below /proc has this in it."""
        script = 'for p in /proc/[0-9]*; do ! grep -qa "$1" "$p/$0" 2>/dev/null || kill -9 "${p##*/}"; done'
        self.run("ejabberd", "sh", "-c", script, file, pattern, check=False)

    def stop_all(self):
        """preStop, or SIGTERM, to all main containers at once; then SIGTERM to the sidecars."""
        others = [name for name in self.main() if name != "ejabberd"]
        for name in others:
            self.signal(name, signal.SIGTERM)
        codes = {"ejabberd": self.end_ejabberd()}
        codes |= {name: self.processes[name].wait(60) for name in others}
        return codes | {name: self.end(name) for name in self.processes.keys() - codes.keys()}

    def end_ejabberd(self):
        hook = self.container("ejabberd")["lifecycle"]["preStop"]["exec"]["command"]
        self.run("ejabberd", *hook)
        return self.processes["ejabberd"].wait(10)

    def log(self, name):
        return (self.logs / name).read_text(errors="replace")

    def ejabberd_log(self):
        return (self.volumes / "home" / "logs" / "ejabberd.log").read_text(errors="replace")

    def remove(self):
        self.root.kill()
        self.root.wait()
        self.root.stdout.close()
        for process in self.processes.values():
            process.wait(10)


@contextmanager
def running(*arguments, **more):
    pod = Pod(*arguments, **more)
    try:
        yield pod
    finally:
        pod.remove()
