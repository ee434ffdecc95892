"""The network of a cluster: pods with the names that the headless service has, PostgreSQL and a bucket."""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from pod import until
from podman import podman

# An address of this machine, where servers beside the pods listen.
BESIDE = "10.255.0.1"
NUMBERS = count()
PROGRAMS = Path("/usr/lib/postgresql")


class Network:
    """One of podman: pods on it know each other by the names of the headless service, and what is beside them."""

    def __init__(self, name):
        self.name, self.pods = name, []
        podman("network", "create", "--disable-dns", name)
        subprocess.run(["ip", "address", "replace", f"{BESIDE}/32", "dev", "lo"], check=True)

    def attach(self, pod):
        """A pod of that name takes the place of the one before it, as a new one of a StatefulSet does."""
        self.pods = [other for other in self.pods if other.address != pod.address] + [pod]
        beside = [f"{BESIDE} {name}.example" for name in ("postgres", "s3")]
        for each in self.pods:
            each.know([*beside, *(f"{other.ip} {other.address}" for other in self.pods if other is not each)])

    def remove(self):
        podman("network", "rm", "--force", "--time", "0", self.name)


@contextmanager
def network():
    made = Network(f"cluster-{next(NUMBERS)}")
    try:
        yield made
    finally:
        made.remove()


@contextmanager
def serving(command, log, ready, end=signal.SIGTERM):
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            until(lambda: ready() or ended(process, log), 60)
            yield
        finally:
            process.send_signal(end)
            process.wait(60)


def ended(process, log):
    assert process.poll() is None, log.read_text()[-2000:]


class Postgres:
    """A cluster of its own that speaks TLS alone, with the empty database `ejabberd`."""

    password = "the-password-of-postgres"

    def __init__(self, folder):
        self.folder = folder
        self.programs = sorted(PROGRAMS.glob("*/bin"))[-1]
        # It refuses to be root.
        shutil.chown(folder, "postgres", "postgres")
        self.authority, self.certificate = self.folder / "ca.crt", self.folder / "server.crt"

    def run(self, *words, **more):
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def make(self):
        secret = self.folder / "password"
        secret.write_text(self.password)
        shutil.chown(secret, "postgres")
        options = ["--username=ejabberd", f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8"]
        self.run(self.programs / "initdb", *options, "--locale=C.UTF-8", f"--pgdata={self.folder}/data")
        self.certify()
        access = "local all all trust\nhostssl all all all scram-sha-256\n"
        (self.folder / "data" / "pg_hba.conf").write_text(access)

    def certify(self):
        """An authority, since one that signs itself is nobody's to ejabberd, and what that signs."""
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        authority = ["-keyout", self.folder / "ca.key", "-out", self.authority, "-subj", "/CN=authority"]
        self.run(*make, "-days", "2", *authority)
        name = ["-subj", "/CN=postgres.example", "-addext", f"subjectAltName=IP:{BESIDE}"]
        signer = ["-CA", self.authority, "-CAkey", self.folder / "ca.key", "-addext", "basicConstraints=CA:FALSE"]
        files = ["-keyout", self.folder / "server.key", "-out", self.certificate]
        self.run(*make, "-days", "2", *name, *signer, *files)

    @contextmanager
    def running(self):
        settings = {"listen_addresses": BESIDE, "unix_socket_directories": self.folder, "fsync": "off", "ssl": "on"}
        settings |= {"ssl_cert_file": self.certificate, "ssl_key_file": self.folder / "server.key"}
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=INT"]
        command += [self.programs / "postgres", "-D", self.folder / "data", *options]
        ready = [self.programs / "pg_isready", "-q", "-h", self.folder]
        # SIGTERM would wait for those that are connected.
        with serving(command, self.folder / "log", lambda: subprocess.run(ready).returncode == 0, signal.SIGINT):
            self.sql("create database ejabberd", database="postgres")
            yield self

    def sql(self, *statements, database="ejabberd"):
        words = [word for statement in statements for word in ("-c", statement)]
        return self.load(*words, database=database)

    def load(self, *words, database="ejabberd"):
        psql = [self.programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        return self.run(*psql, "-h", self.folder, "-U", "ejabberd", "-d", database, *words)


@contextmanager
def postgres():
    # Not below pytest's folder, which is its user's alone.
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder))
        server.make()
        with server.running():
            yield server


class Bucket:
    """The bucket `uploads`, which need not be there yet."""

    def __init__(self):
        self.key, self.secret = f"GK{secrets.token_hex(12)}", secrets.token_hex(32)
        place = {"bucket": "uploads", "region": "garage", "endpoint": f"http://{BESIDE}:3900", "pathStyle": True}
        self.uploads = {"store": {"kind": "s3", "s3": {**place, "accessKeyId": self.key}}}


@contextmanager
def garage(folder, bucket):
    """A Garage that has this bucket, empty; answers what tells it a command."""
    folder = folder / "garage"
    folder.mkdir()
    config = folder / "garage.toml"
    config.write_text(
        f"""metadata_dir = "{folder}/meta"
data_dir = "{folder}/data"
db_engine = "lmdb"
replication_factor = 1
rpc_bind_addr = "{BESIDE}:3901"
rpc_public_addr = "{BESIDE}:3901"
rpc_secret = "{secrets.token_hex(32)}"
[s3_api]
s3_region = "garage"
api_bind_addr = "{BESIDE}:3900"
"""
    )
    # It insists on that, since its secret is in there.
    config.chmod(0o600)
    given = {"GARAGE_DEFAULT_ACCESS_KEY": bucket.key, "GARAGE_DEFAULT_SECRET_KEY": bucket.secret}
    given["GARAGE_DEFAULT_BUCKET"] = "uploads"
    environment = [f"{name}={value}" for name, value in given.items()]
    program = [os.environ["GARAGE"], "-c", config]
    command = ["env", *environment, *program, "server", "--single-node", "--default-bucket"]
    # Anything that HTTP answers will do: its address is open once the bucket is there.
    ready = ["curl", "-s", "-o", "/dev/null", "--noproxy", "*", f"http://{BESIDE}:3900"]
    with serving(command, folder / "log", lambda: subprocess.run(ready).returncode == 0):
        yield lambda *words: subprocess.run([*program, *words], capture_output=True, check=True)
