//! The program as it is shipped, started with a configuration of its own on free loopback ports.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tempfile::TempDir;

use super::client::Connection;
use super::signers::Signer;

pub(crate) const YES: [u8; 4] = [0, 2, 0, 1];
pub(crate) const NO: [u8; 4] = [0, 2, 0, 0];
/// Signs uploads.
pub(crate) const UPLOAD_SECRET: &str = "upload-secret-0123456789-abcdefghijklmnop";
/// A store on disk.
pub(crate) const SYNCED: &str = "kind = 'disk'\npath = 'store'";
/// One that does not wait for the disk.
pub(crate) const UNSYNCED: &str = "kind = 'disk'\npath = 'store'\nsync = false";
const READYZ: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// For a listener that nobody asks.
const ANY_ADDRESS: &str = "127.0.0.1:0";

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

    /// The same, for a report.
    pub(crate) fn kibibytes(&self, field: &str) -> f64 {
        u32::try_from(self.memory(field)).expect("not that much").into()
    }

    /// What it says, if that was piped.
    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.0.stdout.take().expect("piped, and asked for once")
    }

    /// That it has spent on a processor, together with its children. Threads that have ended count, too.
    pub(crate) fn cpu_time(&self) -> Duration {
        let tasks = format!("/proc/{}/task", self.0.id());
        let children = fs::read_dir(tasks).expect("it runs").flatten();
        let children = children.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
        let mut processes: Vec<_> = children
            .flat_map(|pids| pids.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        processes.push(self.0.id().to_string());
        processes.iter().map(|pid| cpu_time_of(pid)).sum()
    }

    /// How many sockets it has open, and how many files and all else.
    pub(crate) fn open_descriptors(&self) -> [usize; 2] {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.0.id())).expect("it runs");
        // One that is closed meanwhile leads nowhere.
        let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let (sockets, others): (Vec<_>, Vec<_>) =
            targets.partition(|target| target.to_string_lossy().starts_with("socket:"));
        [sockets.len(), others.len()]
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

/// For both ends of many connections, also in what is started from here.
pub(crate) fn raise_open_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("up to what is allowed");
}

fn cpu_time_of(pid: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    // The name before may hold anything. Two of the fields behind it are hundredths of a second, without and within the kernel.
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("digits"));
    ticks.map(|ticks| Duration::from_millis(10 * ticks)).sum()
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

/// What differs from one service to another.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'run> {
    pub(crate) hook: &'run str,
    pub(crate) public: &'run str,
    pub(crate) level: &'run str,
    /// What its section `[store]` says.
    pub(crate) store: &'run str,
}

impl<'run> Setup<'run> {
    /// One whose logins are measured: nobody knows where its files are.
    pub(crate) fn with_hook(hook: &'run str) -> Self {
        Self { hook, public: ANY_ADDRESS, level: "info", store: SYNCED }
    }
}

/// A running service, with one vhost, localhost.
pub(crate) struct Service {
    pub(crate) process: Process,
    pub(crate) ops: String,
    log: PathBuf,
    folder: TempDir,
}

impl Service {
    /// Starts a service that takes these issuers' tokens, and waits until it is ready.
    pub(crate) fn start<'signers>(
        program: &Path,
        setup: Setup<'_>,
        issuers: impl IntoIterator<Item = &'signers Signer>,
    ) -> Self {
        let service = Self::launch(program, setup, issuers);
        wait_until("the service is ready", || service.is_ready());
        service
    }

    /// The same, without waiting.
    pub(crate) fn launch<'signers>(
        program: &Path,
        Setup { hook, public, level, store }: Setup<'_>,
        issuers: impl IntoIterator<Item = &'signers Signer>,
    ) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (file, log) = (folder.path().join("sidecar.toml"), folder.path().join("log"));
        let ops = free_address();
        let mut configuration = format!(
            r#"
[listen]
public = "{public}"
hook = "{hook}"
ops = "{ops}"
[upload]
secrets = ["{UPLOAD_SECRET}"]
max_size = "8GiB"
[limits]
connections = 2048
[store]
{store}
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
        Self { process, ops, log, folder }
    }

    pub(crate) fn is_ready(&self) -> bool {
        TcpStream::connect(&self.ops).is_ok()
            && Connection::open(&self.ops).ask(READYZ).is_ok_and(|answer| answer.status == 200)
    }

    /// What it says about itself.
    pub(crate) fn readiness(&self) -> String {
        let mut ops = Connection::open(&self.ops);
        let answer = ops.ask(READYZ).expect("an answer");
        String::from_utf8_lossy(answer.body).into_owned()
    }

    /// Where the files of its vhost are.
    pub(crate) fn files(&self) -> PathBuf {
        self.folder.path().join("store/files/localhost")
    }

    pub(crate) fn log_bytes(&self) -> usize {
        bytes_of(&self.log)
    }
}

/// The size of a file.
pub(crate) fn bytes_of(file: &Path) -> usize {
    usize::try_from(fs::metadata(file).expect("it is there").len()).expect("not that large")
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
        let (stdin, stdout) = (process.0.stdin.take().expect("piped"), process.stdout());
        Self { process, stdin, stdout }
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
