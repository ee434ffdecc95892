//! 201 means that the file is on the disk. To see that without stopping the machine, strace tells in which order the service asks the
//! system for what, and lets single calls fail.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use support::http::{Answer, get, put};
use support::{FREE_PORTS, Service, configuration, tokens, wait_until};

const USER: &str = "9637f279e87dc3aba7eb582ceceaa621fa695865";
/// All that puts bytes, names and syncs in their order, whatever the library prefers.
const CALLS: &str = "fsync,fdatasync,sync,syncfs,sync_file_range,msync,?rename,renameat,renameat2,?link,linkat,?mkdir,mkdirat,\
                     write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg";
const SYNCS: [&str; 6] = ["fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "msync"];
const ANSWER: &str = "\"HTTP/1.1 ";

/// strace, attached to a service.
struct Tracer {
    strace: Child,
    trace: PathBuf,
}

impl Tracer {
    /// Watches `service` from now on. `options` say more.
    fn attach(service: &Service, options: &[&str]) -> Self {
        let [trace, told] = ["trace", "strace"].map(|name| service.folder().path().join(name));
        let stderr = fs::File::create(&told).expect("writable");
        let strace = Command::new("strace")
            .args(["-f", "-y", "-s", "16", "-e", &format!("trace={CALLS}")])
            .args(options)
            .args(["-p", &service.pid().to_string(), "-o"])
            .arg(&trace)
            .stdin(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("strace is there: install the package strace");
        let mut tracer = Self { strace, trace };
        wait_until("strace watches the service", || {
            let told = fs::read_to_string(&told).expect("readable");
            let ended = tracer.strace.try_wait().expect("ours");
            assert!(
                ended.is_none(),
                "strace must be permitted to watch the service (ptrace: CAP_SYS_PTRACE, or \
                 kernel.yama.ptrace_scope=0), and is not: {told}"
            );
            told.contains(" attached")
        });
        tracer
    }

    /// Leaves the service to itself, and answers what it did.
    fn detach(mut self) -> Vec<Call> {
        let pid = self.strace.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
        wait_until("strace ends", || self.strace.try_wait().expect("ours").is_some());
        calls(&fs::read_to_string(&self.trace).expect("strace writes it"))
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        drop(self.strace.kill());
        drop(self.strace.wait());
    }
}

/// A system call, from one line of the trace to another.
#[derive(Debug)]
struct Call {
    name: String,
    text: String,
    begun: usize,
    ended: usize,
}

impl Call {
    fn worked(&self) -> bool {
        self.text.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with(['-', '?']))
    }

    /// A call that is about the open file at `path`.
    fn is_on(&self, name: &str, path: &Path) -> bool {
        self.name == name && self.text.contains(&format!("<{}>", path.display()))
    }

    fn writes(&self) -> bool {
        self.name.contains("write")
    }

    /// A call that gives something the name `path`.
    fn makes(&self, path: &Path) -> bool {
        let names = ["mkdir", "rename", "link"].iter().any(|kind| self.name.starts_with(kind));
        let last = self.text.rmatches('"').count() >= 2;
        names
            && last
            && self.worked()
            && self.text.rsplit('"').nth(1).is_some_and(|made| path.ends_with(made))
    }
}

/// The calls of a trace that ended in it. Of several threads, one may begin while another waits.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut waiting: Vec<(&str, &str, usize)> = Vec::new();
    for (at, line) in trace.lines().enumerate() {
        let Some((thread, told)) = line.split_once(' ') else { continue };
        let told = told.trim_start();
        let (text, begun) = if let Some(beginning) = told.strip_suffix("<unfinished ...>") {
            waiting.push((thread, beginning, at));
            continue;
        } else if told.starts_with("<... ") {
            let Some(found) = waiting.iter().position(|(waits, ..)| *waits == thread) else { continue };
            let (_, beginning, begun) = waiting.swap_remove(found);
            (format!("{beginning}{}", told.split_once("resumed>").expect("strace's form").1), begun)
        } else {
            (told.to_owned(), at)
        };
        if let Some((name, _)) = text.split_once('(') {
            calls.push(Call { name: name.to_owned(), text, begun, ended: at });
        }
    }
    calls
}

/// The one call that is so.
#[track_caller]
fn the<'c>(what: &str, calls: &'c [Call], is_it: impl Fn(&Call) -> bool) -> &'c Call {
    let found: Vec<_> = calls.iter().filter(|call| is_it(call)).collect();
    assert_eq!(found.len(), 1, "{what}: {found:#?} of {calls:#?}");
    found[0]
}

/// A service with a store of its own, and a slot of a new user in it.
struct Stage {
    service: Service,
    /// As the system tells it.
    store: PathBuf,
}

impl Stage {
    fn new(store: &str) -> Self {
        let more = format!("path = \"store\"\n{store}");
        let service = Service::start_with(&configuration(FREE_PORTS, "").replace("path = \"store\"", &more));
        let store = service.folder().path().join("store").canonicalize().expect("made");
        Self { service, store }
    }

    fn path() -> String {
        format!("{USER}/slot/name")
    }

    fn target(&self) -> PathBuf {
        self.store.join("files/localhost").join(Self::path())
    }

    /// The folders on the way to the file, from the slot's up to `files`.
    fn folders(&self) -> Vec<PathBuf> {
        let target = self.target();
        let below = |folder: &&Path| **folder != *self.store;
        target.ancestors().skip(1).take_while(below).map(Path::to_owned).collect()
    }

    fn upload(&self) -> Answer {
        let path = Self::path();
        let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, BODY.len()));
        put(&self.service.address("public"), &target, BODY)
    }

    fn download(&self) -> Answer {
        get(&self.service.address("public"), &format!("/upload/localhost/{}", Self::path()))
    }

    /// All of the calls were made, and in the only order in which nothing that was acknowledged can be lost. Folders that were there
    /// already are not made, but somebody has to have synced them.
    #[track_caller]
    fn assert_durable(&self, calls: &[Call], folders_are_new: bool) {
        let target = self.target();
        let published = the("the file gets its name", calls, |call| call.makes(&target));
        let staged = PathBuf::from(published.text.split('"').nth(1).expect("its name before"));
        let staged = self.store.join("staging").join(staged.file_name().expect("a name"));
        let answered = the("the answer", calls, |call| call.text.contains(&format!("{ANSWER}201")));
        let of_content =
            |call: &&Call| call.writes() && call.text.contains(&format!("<{}>", staged.display()));
        let last = calls.iter().filter(of_content).map(|call| call.ended).max().expect("it has a content");
        let synced = the("the file is synced", calls, |call| call.is_on("fsync", &staged));
        assert!(last < synced.begun && synced.worked(), "{calls:#?}");
        assert!(synced.ended < published.begun, "{calls:#?}");
        assert!(published.ended < answered.begun, "{calls:#?}");

        let mut inner = target;
        for folder in self.folders() {
            let made = calls.iter().find(|call| call.makes(&inner));
            assert!(made.is_some() || !folders_are_new, "who made {}? {calls:#?}", inner.display());
            let since = made.map_or(0, |made| made.ended);
            let synced = calls.iter().find(|call| {
                call.is_on("fsync", &folder)
                    && call.worked()
                    && call.begun >= since
                    && call.ended < answered.begun
            });
            assert!(synced.is_some(), "{} is not synced: {calls:#?}", folder.display());
            inner = folder;
        }
    }
}

const BODY: &[u8] = b"a file";

/// All files below `folder`.
fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("readable").flatten() {
        if entry.path().is_dir() {
            found.append(&mut files_below(&entry.path()));
        } else {
            found.insert(entry.path());
        }
    }
    found
}

#[test]
fn a_file_and_all_that_leads_to_it_is_on_the_disk_before_201() {
    let stage = Stage::new("");
    let tracer = Tracer::attach(&stage.service, &[]);
    assert_eq!(stage.upload().status, 201);
    stage.assert_durable(&tracer.detach(), true);
}

/// And the test above sees the difference.
#[test]
fn a_store_that_need_not_sync_does_not() {
    let stage = Stage::new("sync = false");
    let tracer = Tracer::attach(&stage.service, &[]);
    assert_eq!(stage.upload().status, 201);
    let calls = tracer.detach();
    the("the file gets its name", &calls, |call| call.makes(&stage.target()));
    the("the answer", &calls, |call| call.text.contains(&format!("{ANSWER}201")));
    let syncs: Vec<_> = calls.iter().filter(|call| SYNCS.contains(&&*call.name)).collect();
    assert!(syncs.is_empty(), "{syncs:#?}");
}

#[test]
fn what_cannot_be_synced_is_503_not_there_and_can_be_tried_again() {
    let stage = Stage::new("");
    let fails = |what: &str, only: &[&str]| {
        let logged = stage.service.log().len();
        let tracer = Tracer::attach(&stage.service, &[&["-e", "inject=fsync:error=EIO"], only].concat());
        let answer = stage.upload();
        let calls = tracer.detach();
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{what}: {calls:#?}");
        the("what failed", &calls, |call| call.name == "fsync" && call.text.ends_with("(INJECTED)"));
        let reason = ["upload", "reason=\"store_failed\"", "sync", "Input/output error"];
        stage.service.wait_for_log_since(logged, &reason);
        assert_eq!(stage.download().status, 404, "{what}");
        assert_eq!(files_below(&stage.store), BTreeSet::new(), "{what}: nothing is left");
    };
    fails("the file", &[]);
    // The system tells no path of a file in staging/ beforehand; of the folders it does, whether they are there yet or not.
    for folder in stage.folders() {
        let folder = folder.to_str().expect("UTF-8");
        fails(folder, &["-P", folder]);
    }
    // The same service, the same slot. That some folders were synced before does not count: others above them were not.
    let tracer = Tracer::attach(&stage.service, &[]);
    assert_eq!(stage.upload().status, 201);
    stage.assert_durable(&tracer.detach(), false);
    assert_eq!(stage.download().body, BODY);
    assert_eq!(files_below(&stage.store), BTreeSet::from([stage.target()]));
}
