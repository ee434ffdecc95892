//! Who takes and serves files here, each in its own way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::prosody::Prosody;
use super::support::body;
use super::support::client::Connection;
use super::support::nginx::Nginx;
use super::support::processes::{Process, SYNCED, Service, Setup, UNSYNCED, free_address};
use super::support::report::Rounds;
use super::support::signers::Signer;
use super::support::slot::{NAME, Slot};

/// nginx at its best: with a body buffer of 1 MiB it takes large files at a third of this speed.
const NGINX: &str = r#"
        root files;
        sendfile on;
        tcp_nopush on;
        client_max_body_size 0;
        client_body_buffer_size 128k;
        location = /check_password { return 200 "true"; }
        location / {
            dav_methods PUT;
            create_full_put_path on;
        }
"#;
/// More than one piece of the body, and no multiple of anything.
const CHECKED_BYTES: u64 = 3_000_017;

pub(crate) struct Servers {
    pub(crate) ours: Server,
    /// Ours too, which answers when a file is on the disk.
    pub(crate) synced: Server,
    pub(crate) nginx: Server,
    pub(crate) prosody: Server,
    /// Signs what the hook is asked.
    pub(crate) signer: Signer,
}

pub(crate) struct Server {
    pub(crate) address: String,
    /// Where ours answers logins.
    pub(crate) hook: String,
    files: PathBuf,
    kind: Kind,
}

/// Each ends with its value.
enum Kind {
    Ours(Service),
    Nginx(Nginx),
    Prosody(Box<Prosody>),
}

impl Servers {
    pub(crate) fn start(program: &Path, nginx: &Path, prosody: &Path) -> Self {
        let signer = Signer::hs256();
        let [ours, synced] = [false, true].map(|sync| Server::ours(program, sync, &signer));
        Self { ours, synced, nginx: Server::nginx(nginx), prosody: Server::prosody(prosody), signer }
    }

    /// All of them take a file and hand out the same bytes again.
    pub(crate) fn check(&self) {
        for server in [&self.ours, &self.synced, &self.nginx, &self.prosody] {
            let slot = Slot::of(0);
            server.put(&slot, CHECKED_BYTES).expect("a small file");
            let mut at = 0;
            let look = |bytes: &[u8]| {
                assert!(body::is_right(at, bytes), "wrong bytes of a file");
                at += bytes.len() as u64;
            };
            let answer = Connection::open(&server.address).download(&server.get(&slot), look);
            assert_eq!(answer.expect("an answer"), (200, CHECKED_BYTES));
            server.clear();
        }
    }
}

impl Server {
    pub(crate) fn ours(program: &Path, sync: bool, signer: &Signer) -> Self {
        let [address, hook] = [(); 2].map(|()| free_address());
        let store = if sync { SYNCED } else { UNSYNCED };
        let setup = Setup { public: &address, store, ..Setup::with_hook(&hook) };
        let service = Service::start(program, setup, [signer]);
        let files = service.files();
        Self { address, hook, files, kind: Kind::Ours(service) }
    }

    fn nginx(program: &Path) -> Self {
        let nginx = Nginx::start(program, NGINX);
        let (address, files) = (nginx.address.clone(), nginx.folder.path().join("files"));
        Self { hook: address.clone(), address, files, kind: Kind::Nginx(nginx) }
    }

    fn prosody(program: &Path) -> Self {
        let prosody = Prosody::start(program);
        let (address, files) = (prosody.address.clone(), prosody.files());
        Self { hook: address.clone(), address, files, kind: Kind::Prosody(Box::new(prosody)) }
    }

    pub(crate) fn process(&self) -> &Process {
        match &self.kind {
            Kind::Ours(service) => &service.process,
            Kind::Nginx(nginx) => &nginx.process,
            Kind::Prosody(prosody) => &prosody.process,
        }
    }

    /// The head of a request that puts a file of `size` bytes there.
    pub(crate) fn put_head(&self, slot: &Slot, size: u64) -> Vec<u8> {
        let (target, header) = match &self.kind {
            Kind::Ours(_) => (slot.put_target(size), String::new()),
            Kind::Nginx(_) => (self.path(slot), String::new()),
            Kind::Prosody(prosody) => {
                let token = prosody.token(&slot.random, NAME, size);
                (self.path(slot), format!("Authorization: Bearer {token}\r\n"))
            }
        };
        format!(
            "PUT {target} HTTP/1.1\r\nHost: localhost\r\n{header}Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
        )
        .into()
    }

    pub(crate) fn get(&self, slot: &Slot) -> Vec<u8> {
        format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", self.path(slot)).into()
    }

    fn path(&self, slot: &Slot) -> String {
        match self.kind {
            Kind::Ours(_) => slot.get_target(),
            Kind::Nginx(_) => format!("/{}", slot.path()),
            Kind::Prosody(_) => format!("/file_share/{}/{NAME}", slot.random),
        }
    }

    /// Puts a file there, over a connection of its own, or tells why that could not be done.
    pub(crate) fn put(&self, slot: &Slot, size: u64) -> Result<(), String> {
        let mut connection = Connection::open(&self.address);
        let answer =
            connection.upload(&self.put_head(slot, size), size).map_err(|error| error.to_string())?;
        if answer.status == 201 { Ok(()) } else { Err(format!("answer {}", answer.status)) }
    }

    /// Removes all files, so that the next ones find the disk as these did.
    pub(crate) fn clear(&self) {
        for entry in fs::read_dir(&self.files).into_iter().flatten().flatten() {
            let path = entry.path();
            let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            removed.expect("removable");
        }
    }

    /// Removes one of ours or of nginx.
    pub(crate) fn remove(&self, slot: &Slot) {
        fs::remove_file(self.files.join(slot.path())).expect("it is there");
    }
}

/// So many units in so much time, or why not.
pub(crate) type Measured = Result<(f64, Duration), String>;

/// Measures each of `servers` in turns: what else the machine does then falls on all of them, and so does what one leaves to the next,
/// like memory that is warm.
pub(crate) fn in_turns<const N: usize>(
    rounds: usize,
    servers: [&Server; N],
    measure: impl Fn(&Server) -> Measured,
) -> [Rounds; N] {
    let mut results = [(); N].map(|()| Rounds::default());
    for round in 0..rounds {
        for at in (0..N).map(|turn| (round + turn) % N) {
            results[at].add(servers[at], &measure).expect("what it can do");
        }
    }
    results
}

/// Measures one alone, which may be unable to do that.
pub(crate) fn alone(
    rounds: usize,
    server: &Server,
    measure: impl Fn(&Server) -> Measured,
) -> Result<Rounds, String> {
    let mut results = Rounds::default();
    (0..rounds).try_for_each(|_| results.add(server, &measure))?;
    Ok(results)
}

impl Rounds {
    fn add(&mut self, server: &Server, measure: impl Fn(&Server) -> Measured) -> Result<(), String> {
        let before = server.process().cpu_time();
        let (units, took) = measure(server)?;
        let spent = server.process().cpu_time().saturating_sub(before);
        self.rates.push(units / took.as_secs_f64());
        self.costs.push(spent.as_secs_f64() / units);
        Ok(())
    }
}
