//! The service as its callers meet it: the real program, started with a configuration of its own on free loopback ports.
#![allow(dead_code, reason = "each test file uses its part of this")]
#![allow(clippy::allow_attributes, reason = "an expectation would not hold in every test file")]

pub(crate) mod callers;
pub(crate) mod http;
pub(crate) mod metrics;
pub(crate) mod slots;
pub(crate) mod tls;
pub(crate) mod tokens;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ejabberd-sidecar");
/// Signs login tokens.
pub(crate) const ISSUER_SECRET: &str = "issuer-secret-0123456789-abcdefghijklmnop";
/// Signs uploads.
pub(crate) const UPLOAD_SECRET: &str = "upload-secret-0123456789-abcdefghijklmnop";
/// For what has to come to an end; nothing is measured against it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A configuration for vhost localhost. `listen` replaces the three addresses, `more` is appended.
pub(crate) fn configuration(listen: &str, more: &str) -> String {
    format!(
        r#"
[listen]
{listen}
[upload]
secrets = ["{UPLOAD_SECRET}"]
max_size = "1MiB"
[[hosts.localhost.issuers]]
issuer = "test"
secret = "{ISSUER_SECRET}"
[store]
kind = "disk"
path = "store"
{more}
"#
    )
}

/// The same with further lines in `[upload]`.
pub(crate) fn with_upload(upload: &str, more: &str) -> String {
    configuration(FREE_PORTS, more).replace("max_size = \"1MiB\"", &format!("max_size = \"1MiB\"\n{upload}"))
}

/// What the program answers to these arguments: its exit code, and stdout with stderr behind it.
pub(crate) fn sidecar(arguments: &[&str]) -> (i32, String) {
    let done = Command::new(PROGRAM).args(arguments).output().expect("runs");
    let text = [done.stdout, done.stderr].map(|text| String::from_utf8(text).expect("text"));
    (done.status.code().expect("not killed"), text.concat())
}

/// Three free ports.
pub(crate) const FREE_PORTS: &str = "public = '127.0.0.1:0'\nhook = '127.0.0.1:0'\nops = '127.0.0.1:0'";

/// Waits for something that has to happen.
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < PATIENCE, "did not happen: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A running service. It ends with this value.
pub(crate) struct Service {
    child: Child,
    log: Arc<Mutex<String>>,
    folder: Arc<TempDir>,
}

impl Service {
    /// Starts a service with [`configuration`] and waits until it is ready.
    pub(crate) fn start() -> Self {
        Self::start_with(&configuration(FREE_PORTS, ""))
    }

    /// Starts a service with this configuration and waits until it is ready.
    pub(crate) fn start_with(configuration: &str) -> Self {
        Self::start_in(Arc::new(TempDir::new().expect("temporary folder")), configuration)
    }

    /// The same, with the state that an earlier one left in `folder`.
    pub(crate) fn start_in(folder: Arc<TempDir>, configuration: &str) -> Self {
        Self::start_program(Command::new(PROGRAM), folder, configuration)
    }

    /// Starts a service below a limit that a shell sets.
    pub(crate) fn start_limited(limit: &str, configuration: &str) -> Self {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("{limit} && exec \"$@\""), "bash", PROGRAM]);
        Self::start_program(shell, Arc::new(TempDir::new().expect("temporary folder")), configuration)
    }

    /// Starts a service that looks after its configuration file.
    pub(crate) fn start_watching(configuration: &str) -> Self {
        let mut shell = Command::new("bash");
        shell.args(["-c", "exec \"$@\" --watch", "bash", PROGRAM]);
        Self::start_program(shell, Arc::new(TempDir::new().expect("temporary folder")), configuration)
    }

    /// Starts a service whose store is a file system of its own with room for so many bytes. Only the service sees it, and
    /// [`Service::seen`]. It takes user namespaces, or root; a machine with neither fails such a test unless it is left out
    /// (`cargo test -- --skip mounted_for_this`).
    pub(crate) fn start_on_small_disk(bytes: u64, configuration: &str) -> Self {
        let folder = Arc::new(TempDir::new().expect("temporary folder"));
        let store = folder.path().join("store");
        fs::create_dir(&store).expect("writable");
        let mount = format!("mount -t tmpfs -o size={bytes} small \"$0\" && exec \"$@\"");
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "bash", "-c", &mount]).arg(store).arg(PROGRAM);
        Self::start_program(unshare, folder, configuration)
    }

    /// Mounts the store of [`Service::start_on_small_disk`] with other options.
    pub(crate) fn remount(&self, options: &str) {
        let mut enter = Command::new("nsenter");
        enter.args(["--target", &self.pid().to_string(), "--user", "--preserve-credentials", "--mount"]);
        enter.args(["mount", "-o", &format!("remount,{options}")]).arg(self.folder.path().join("store"));
        assert!(enter.status().expect("nsenter runs").success(), "{options}");
    }

    /// The store's folder as the service sees it.
    pub(crate) fn seen(&self) -> PathBuf {
        let store = self.folder.path().join("store");
        PathBuf::from(format!("/proc/{}/root{}", self.pid(), store.display()))
    }

    fn start_program(mut program: Command, folder: Arc<TempDir>, configuration: &str) -> Self {
        let file = folder.path().join("sidecar.toml");
        fs::write(&file, configuration).expect("writable");
        let child = program.arg("serve").arg("--config").arg(&file).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("program starts");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&log);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = written.lock().expect("no panic in here");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut service = Self { child, log, folder };
        wait_until("the service is ready", || {
            let ended = service.child.try_wait().expect("ours");
            assert!(ended.is_none(), "the service ended with {ended:?}:\n{}", service.log());
            [" ready\n", "\"message\":\"ready\""].iter().any(|ready| service.log().contains(ready))
        });
        service
    }

    pub(crate) fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no panic in there").clone()
    }

    /// Waits for a log line that contains all of `parts`.
    pub(crate) fn wait_for_log(&self, parts: &[&str]) {
        self.wait_for_log_since(0, parts);
    }

    /// The same, of what comes after the log was of this length.
    pub(crate) fn wait_for_log_since(&self, before: usize, parts: &[&str]) {
        wait_until(&format!("{parts:?} in the log"), || {
            self.log()[before..].lines().any(|line| parts.iter().all(|part| line.contains(part)))
        });
    }

    /// `host:port` of a listener.
    pub(crate) fn address(&self, listener: &str) -> String {
        let log = self.log();
        let line = log.lines().find(|line| line.contains(&format!("listener=\"{listener}\"")));
        let url = line.and_then(|line| line.split(' ').find_map(|word| word.split_once("://")));
        url.unwrap_or_else(|| unreachable!("no address of {listener} in:\n{log}")).1.to_owned()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(sent.expect("kill runs").success(), "{name} could not be sent");
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut ended = None;
        wait_until("the service ends", || {
            ended = self.child.try_wait().expect("ours");
            ended.is_some()
        });
        ended.expect("just seen")
    }

    /// All files in the store, without those that were made by opening it.
    pub(crate) fn stored_files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(&self.folder.path().join("store"), &mut found);
        found
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable").flatten() {
        if entry.path().is_dir() { collect(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
