//! The program as it is shipped, started with a configuration of its own on free loopback ports.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::client::Connection;
use super::signers::Signer;

pub(crate) const YES: [u8; 4] = [0, 2, 0, 1];
pub(crate) const NO: [u8; 4] = [0, 2, 0, 0];

/// A process of ours. It ends with this value.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let program = command.get_program().to_owned();
        Self(command.spawn().unwrap_or_else(|error| unreachable!("{}: {error}", program.display())))
    }

    /// Kilobytes, of a field of its status.
    pub(crate) fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.unwrap_or_else(|| unreachable!("no {field} in:\n{status}"))
    }

    /// That it has spent on a processor, together with its children.
    pub(crate) fn cpu_time(&self) -> Duration {
        let tasks = |pid: &str| fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let read =
            |task: &fs::DirEntry, file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
        let mut processes = vec![self.0.id().to_string()];
        for task in tasks(&processes[0]) {
            processes.extend(read(&task, "children").split_whitespace().map(str::to_owned));
        }
        let tasks = processes.iter().flat_map(|pid| tasks(pid));
        let spent = tasks.map(|task| read(&task, "schedstat").split(' ').next()?.parse().ok());
        spent.flatten().map(Duration::from_nanos).sum()
    }

    pub(crate) fn open_descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0.id())).expect("it runs").count()
    }
}

impl Drop for Process {
    /// Asks first: a master that is killed leaves its workers behind.
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) && matches!(self.0.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(5));
        }
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Waits for something that has to happen.
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_mins(1), "did not happen: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A loopback address that nobody listens on.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.expect("a free port").to_string()
}

/// A running service, with one vhost, localhost.
pub(crate) struct Service {
    pub(crate) process: Process,
    pub(crate) ops: String,
    log: PathBuf,
    _folder: TempDir,
}

impl Service {
    /// Starts a service that takes these issuers' tokens, and waits until it is ready.
    pub(crate) fn start<'signers>(
        program: &Path,
        hook: &str,
        level: &str,
        issuers: impl IntoIterator<Item = &'signers Signer>,
    ) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (file, log) = (folder.path().join("sidecar.toml"), folder.path().join("log"));
        let ops = free_address();
        let mut configuration = format!(
            r#"
[listen]
public = "127.0.0.1:0"
hook = "{hook}"
ops = "{ops}"
[upload]
secrets = ["upload-secret-0123456789-abcdefghijklmnop"]
[store]
kind = "disk"
path = "store"
[log]
level = "{level}"
[hosts.localhost]
"#
        );
        for signer in issuers {
            let name = signer.algorithm();
            fs::write(folder.path().join(name), signer.jwk(None).to_string()).expect("writable");
            let issuer = format!("[[hosts.localhost.issuers]]\nissuer = '{name}'\njwk_file = '{name}'\n");
            configuration.push_str(&issuer);
        }
        fs::write(&file, configuration).expect("writable");
        let stderr = fs::File::create(&log).expect("writable");
        let process =
            Process::spawn(Command::new(program).args(["serve", "--config"]).arg(file).stderr(stderr));
        wait_until("the service is ready", || is_ready(&ops));
        Self { process, ops, log, _folder: folder }
    }

    pub(crate) fn log_bytes(&self) -> usize {
        bytes_of(&self.log)
    }
}

/// The size of a file.
pub(crate) fn bytes_of(file: &Path) -> usize {
    usize::try_from(fs::metadata(file).expect("it is there").len()).expect("not that large")
}

fn is_ready(ops: &str) -> bool {
    let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    TcpStream::connect(ops).is_ok()
        && Connection::open(ops).ask(request).is_ok_and(|answer| answer.status == 200)
}

/// The bridge, as ejabberd runs it.
pub(crate) struct Bridge {
    pub(crate) process: Process,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Bridge {
    /// What it says goes to `log`.
    pub(crate) fn start(program: &Path, hook: &str, log: fs::File) -> Self {
        let mut command = Command::new(program);
        command.args(["extauth", "--hook", hook]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut process = Process::spawn(&mut command);
        let (stdin, stdout) = (process.0.stdin.take(), process.0.stdout.take());
        Self { process, stdin: stdin.expect("piped"), stdout: stdout.expect("piped") }
    }

    pub(crate) fn ask(&mut self, frame: &[u8]) -> [u8; 4] {
        self.stdin.write_all(frame).expect("the bridge reads");
        let mut answer = [0; 4];
        self.stdout.read_exact(&mut answer).expect("the bridge answers");
        answer
    }

    /// For one who asks and one who reads answers.
    pub(crate) fn pipes(&mut self) -> (&mut ChildStdin, &mut ChildStdout) {
        (&mut self.stdin, &mut self.stdout)
    }

    /// Ends its input. It has to end well, with nothing more to say.
    pub(crate) fn close(self) {
        let Self { mut process, stdin, mut stdout } = self;
        drop(stdin);
        let mut rest = Vec::new();
        stdout.read_to_end(&mut rest).expect("readable");
        assert_eq!(rest, b"", "more answers than questions");
        assert_eq!(process.0.wait().expect("ours").code(), Some(0));
    }
}

/// A payload with its length before it.
pub(crate) fn frame(payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let length = u16::try_from(payload.len()).expect("a frame's length");
    [&length.to_be_bytes(), payload].concat()
}
