"""setup-and-test.sh and teardown.sh with stand-ins for what makes clusters (stand_in.py), once with the pod of the
manifest behind them: what they do and in which order, which cluster they touch, what is left however they end."""

import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

import client
from charts import ROOT, render, values_file
from pod import running, until
from podman import EJABBERDS
from users import sent_and_got, token

PROGRAMS = ["docker", "podman", "kind", "minikube", "kubectl", "helm", "hurl"]
STAND_IN = Path(__file__).parent / "stand_in.py"
FAILURES = {
    "kind create": "the cluster",
    "docker buildx build": "the image",
    "docker save": "the image",
    "kind load": "the image",
    "helm upgrade": "the installation",
    "port-forward": "the forwarded ports",
    "get secret": "hurl-tests",
    "hurl --test": "hurl-tests",
}


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def heed_interrupts():
    """As at a terminal, and not as in the background of a shell, where SIGINT is ignored from the start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Machine:
    """One that has these programs, and somebody's own cluster in ~/.kube/config."""

    def __init__(self, folder, programs):
        self.folder, self.plan = folder, {}
        for name in ("bin", "tools", "home/.kube", "cache"):
            (folder / name).mkdir(parents=True)
        for name in ("calls", "clusters"):
            (folder / name).touch()
        for name in programs:
            (folder / "bin" / name).symlink_to(STAND_IN)
        for tool in Path("/usr/bin").iterdir():
            if tool.name not in PROGRAMS:
                (folder / "tools" / tool.name).symlink_to(tool)
        self.own = folder / "home/.kube/config"
        self.own.write_text("somebody's own")
        self.state = folder / "cache/ejabberd-sidecar/cluster"
        self.ports = dict(zip(["WEB_PORT", "OPS_PORT", "C2S_PORT", "C2S_TLS_PORT"], free_ports(4), strict=True))

    def begin(self, script, *words, **environment):
        (self.folder / "plan").write_text(json.dumps(self.plan))
        given = {
            "PATH": f"{self.folder}/bin:{self.folder}/tools",
            "HOME": self.folder / "home",
            "STAND_INS": self.folder,
        }
        given |= {"XDG_CACHE_HOME": self.folder / "cache", "KUBECONFIG": self.own, **self.ports, **environment}
        given = {name: str(value) for name, value in given.items()}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(
            ["bash", ROOT / "scripts" / script, *words], env=given, **pipes, preexec_fn=heed_interrupts
        )

    def run(self, script, *words, **environment):
        process = self.begin(script, *words, **environment)
        process.stdout, out = None, process.stdout
        with out, process.stderr as errors:
            text, said = out.read(), errors.read()
        return subprocess.CompletedProcess(script, process.wait(60), text, said)

    def setup(self, *words, **environment):
        return self.run("setup-and-test.sh", *words, **environment)

    def calls(self):
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def done(self, *wanted):
        """Which of these were called, in their order."""
        called = [" ".join(call) for call in self.calls()]
        return [each for call in called for each in wanted if each in call]

    def clusters(self):
        return (self.folder / "clusters").read_text().split()

    def forwards(self):
        listed = subprocess.run(["ps", "-eww", "-o", "args="], capture_output=True, text=True, check=True).stdout
        return [line for line in listed.splitlines() if str(self.state) in line and "port-forward" in line]

    def is_as_before(self):
        assert self.own.read_text() == "somebody's own"
        return not self.forwards() and not self.clusters() and not self.state.exists()


@pytest.fixture
def machine_with(tmp_path):
    made = []

    def make(*programs):
        made.append(Machine(tmp_path, programs))
        return made[-1]

    yield make
    for machine in made:
        machine.plan = {}
        machine.run("teardown.sh")


@pytest.fixture
def machine(machine_with):
    return machine_with("docker", "kind", "kubectl", "helm", "hurl")


def last_line(done):
    return done.stdout.splitlines()[-1]


STEPS = [
    "kind create",
    "buildx build",
    "docker save",
    "kind load",
    "helm upgrade",
    "service/ejabberd-web",
    "pod/ejabberd-0",
]
STEPS += ["service/ejabberd ", "get secret"]
ENDS = ["helm uninstall", "kind delete"]


def test_it_makes_a_cluster_tests_in_it_and_takes_it_away(machine):
    machine.plan["helm"] = os.environ["HELM"]
    done = machine.setup("--version", "23.01")
    assert done.returncode == 0, done.stderr
    assert last_line(done) == "setup-and-test: passed: hurl-tests, with ejabberd 23.01, in kind"
    assert machine.done(*STEPS, *ENDS) == STEPS + ENDS
    tested = [Path(call[-1]).name for call in machine.calls() if call[0] == "hurl"]
    assert tested == [f"{name}.hurl" for name in ("upload", "download", "errors", "cors", "api", "ops")]
    [installed] = [call for call in machine.calls() if call[:2] == ["helm", "upgrade"]]
    assert "ejabberd.image.tag=23.01" in installed
    assert "sidecar.image.repository=docker.io/library/ejabberd-sidecar" in installed
    assert machine.is_as_before()


def test_minikube_takes_the_same_way(machine_with):
    machine = machine_with("docker", "minikube", "kubectl", "helm", "hurl")
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert last_line(done).endswith("in minikube")
    steps = ["minikube start", "minikube image load", "helm upgrade", "helm uninstall", "minikube delete"]
    assert machine.done(*steps) == steps
    assert machine.is_as_before()


def test_podman_takes_the_place_of_a_docker_that_does_not_answer(machine_with):
    machine = machine_with("docker", "podman", "kind", "kubectl", "helm", "hurl")
    machine.plan["fails"] = ["docker info"]
    done = machine.setup(IMAGE="docker.io/library/own:1")
    assert done.returncode == 0, done.stderr
    assert machine.done("build", "docker save", "podman save") == ["podman save"], "an image that is there is not built"


def test_all_that_is_missing_is_said_at_once(machine_with):
    machine = machine_with()
    done = machine.setup()
    assert done.returncode == 1
    for name in ("docker or podman", "kind", "kubectl", "helm", "hurl"):
        assert f"there is no {name}" in done.stderr
    assert done.stderr.count("https://") >= 5
    assert not machine.calls()
    assert not machine.state.exists()


@pytest.mark.parametrize(
    "words",
    [["--with", "k3s"], ["--with"], ["--namespace", "A b"], ["--version", "1;2"], ["more"]],
)
def test_arguments_that_mean_nothing_are_refused(machine, words):
    done = machine.setup(*words)
    assert done.returncode == 1
    assert "usage: setup-and-test.sh" in done.stderr
    assert not machine.calls()


@pytest.mark.parametrize("failing", FAILURES)
def test_whatever_fails_is_told_and_everything_taken_away(machine, failing):
    machine.plan["fails"] = [failing]
    done = machine.setup()
    assert done.returncode != 0
    assert last_line(done) == f"setup-and-test: FAILED: {FAILURES[failing]}"
    assert machine.done("kind delete") == ["kind delete"]
    if failing == "helm upgrade":
        assert "what kubectl tells" in done.stderr
    assert machine.is_as_before()


def test_what_takes_too_long_to_install_fails(machine):
    machine.plan["fails"] = ["--timeout 7s"]
    assert last_line(machine.setup(TIMEOUT="7s")) == "setup-and-test: FAILED: the installation"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("slow", ["kind create", "helm upgrade", "hurl --test"])
def test_an_end_in_the_middle_takes_everything_away(machine, slow, number, code):
    machine.plan["hangs"] = [slow]
    process = machine.begin("setup-and-test.sh")
    until((machine.folder / "hanging").exists)
    hanging = int(until((machine.folder / "hanging").read_text))
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert out.splitlines()[-1].startswith("setup-and-test: FAILED: interrupted at ")
    until(lambda: not Path(f"/proc/{hanging}").exists())
    assert machine.is_as_before()


def test_a_cluster_of_somebody_else_is_left_alone(machine):
    (machine.folder / "clusters").write_text("ejabberd-sidecar")
    done = machine.setup()
    assert done.returncode == 1
    assert "did not make" in done.stderr
    assert last_line(done) == "setup-and-test: FAILED: the cluster"
    assert machine.run("teardown.sh").returncode == 0
    assert not machine.done("create", "delete", "uninstall", "load")
    assert machine.clusters() == ["ejabberd-sidecar"]
    (machine.folder / "clusters").write_text("")


def test_what_is_kept_is_used_again_and_taken_away_once(machine):
    for _ in range(2):
        done = machine.setup("--keep")
        assert done.returncode == 0, done.stderr
        assert len(machine.forwards()) == 3, "the earlier ones are ended"
    assert machine.done("kind create", "helm upgrade", "kind delete") == ["kind create", "helm upgrade", "helm upgrade"]
    assert machine.run("teardown.sh").returncode == 0
    assert machine.is_as_before()
    assert machine.run("teardown.sh").returncode == 0
    assert machine.done(*ENDS) == ENDS


def test_with_the_other_program_it_is_not_used(machine_with):
    machine = machine_with("docker", "kind", "minikube", "kubectl", "helm", "hurl")
    assert machine.setup("--keep").returncode == 0
    done = machine.setup("--with", "minikube")
    assert done.returncode == 1
    assert "made with kind" in done.stderr
    assert not machine.done("minikube start")
    assert len(machine.forwards()) == 3
    assert machine.run("teardown.sh").returncode == 0
    assert machine.is_as_before()


def test_one_that_failed_may_be_kept_to_look_at(machine):
    machine.plan["fails"] = ["hurl --test"]
    assert machine.setup("--keep").returncode != 0
    assert machine.clusters()
    assert not machine.forwards()


def test_a_cluster_that_cannot_be_deleted_is_told_and_tried_again(machine):
    machine.plan["fails"] = ["kind delete"]
    done = machine.setup()
    assert done.returncode == 1
    assert last_line(done).endswith("but the cluster is still there")
    assert machine.run("teardown.sh").returncode == 1
    machine.plan["fails"] = ["helm uninstall"]
    assert machine.run("teardown.sh").returncode == 0, "with the cluster the release goes, too"
    assert machine.is_as_before()


def test_a_port_that_is_taken_is_named(machine):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        machine.ports["OPS_PORT"] = taken.getsockname()[1]
        done = machine.setup()
    assert done.returncode == 1
    assert f"port {machine.ports['OPS_PORT']} is taken" in done.stderr
    assert machine.is_as_before()


def test_helm_and_kubectl_understand_what_they_are_told(machine):
    """The real ones, whose cluster is not there: they get as far as to ask it."""
    kubectl = shutil.which("kubectl", path=f"{Path(os.environ['HELM']).parent}:{os.environ['PATH']}")
    real = {"helm": os.environ["HELM"], "kubectl": kubectl}
    machine.plan["fails"] = ["hurl --test"]
    machine.setup("--keep")
    machine.plan["fails"] = ["helm upgrade"]
    machine.setup("--keep")
    kubeconfig = (machine.state / "kubeconfig").read_text()
    machine.run("teardown.sh")
    calls = [call for call in machine.calls() if call[0] in real]
    kinds = {call[1] if call[0] == "helm" else call[7] for call in calls}
    assert kinds == {"upgrade", "uninstall", "get", "logs", "exec", "port-forward"}
    machine.state.mkdir()
    (machine.state / "kubeconfig").write_text(kubeconfig)
    seen = {}
    for call in calls:
        done = seen.setdefault(tuple(call), None) or subprocess.run(
            [real[call[0]], *call[1:]], capture_output=True, text=True, timeout=60
        )
        seen[tuple(call)] = done
        assert "connection refused" in done.stderr or "was refused" in done.stderr, f"{call}: {done.stderr}"
    shutil.rmtree(machine.state)


def test_hurl_and_slixmpp_pass_through_the_forwarded_ports_of_the_real_pod(machine, tmp_path):
    """The pod that these values make, with ejabberd and the sidecar, and the program of the pod for tokens and URLs."""
    values = yaml.safe_load(values_file("kind").read_text())
    values["uploads"]["url"] = f"https://upload.localhost:{machine.ports['WEB_PORT']}/upload/@HOST@"
    values["ejabberd"]["image"] = {"tag": EJABBERDS[0]}
    (machine.folder / "bin/hurl").unlink()
    with running(tmp_path / "pod", render(values)) as pod:
        pod.start_all()
        machine.plan |= {"pid": pod.pid, "exec": pod.inside("sidecar")}
        machine.plan["certificate"] = (pod.volumes / "tls/tls.crt").read_text()
        done = machine.setup("--keep", HURL=os.environ["HURL"])
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("Executed files:    1") == 6, done.stderr
        a_client_logs_in_and_uploads(pod, machine.ports["C2S_PORT"])
        assert machine.run("teardown.sh").returncode == 0
    assert machine.is_as_before()


def a_client_logs_in_and_uploads(pod, port):
    certificate = pod.volumes / "tls/tls.crt"
    with pytest.raises(client.RefusedError, match="not-authorized"):
        client.slot(port, "alice@localhost", "password", certificate, name="greeting.txt", size=5)
    account = port, "alice@localhost", token(pod, "alice", "localhost"), certificate
    assert sent_and_got(client.slot(*account, name="greeting.txt", size=5), certificate) == "hello"
