//! The commands that stand in for a shell's in an image that has none: `health` and `install`.

mod support;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use support::{FREE_PORTS, PROGRAM, Service, configuration, sidecar};
use tempfile::TempDir;

fn health(arguments: &[&str]) -> (i32, String) {
    sidecar(&[&["health"], arguments].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn a_service_that_is_ready_is_well_and_says_what_it_has() {
    let service = Service::start();
    let (code, said) = health(&["--url", &format!("http://{}", service.address("ops"))]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("ready; store: ") && said.contains("; users: loaded; component: "), "{said}");
    assert_eq!(said.lines().count(), 1, "one sentence: {said}");
}

#[test]
fn it_is_asked_where_its_configuration_says() {
    let folder = TempDir::new().expect("temporary folder");
    let socket = folder.path().join("ops.sock");
    let listen = FREE_PORTS.replace("ops = '127.0.0.1:0'", &format!("ops = 'unix:{}'", socket.display()));
    let mut service = Service::start_with(&configuration(&listen, ""));
    let file = service.folder().path().join("sidecar.toml");
    assert_eq!(health(&["--config", text(&file)]).0, 0);
    assert_eq!(health(&["--url", &format!("unix:{}", socket.display())]).0, 0);
    service.signal("TERM");
    service.wait();
    let (code, said) = health(&["--config", text(&file)]);
    assert_eq!(code, 1);
    assert!(said.contains("not ready: unix:") && said.contains("the service is not running"), "{said}");
}

/// The service goes on with what it was told before.
#[test]
fn what_else_is_wrong_in_the_configuration_does_not_make_it_ill() {
    let service = Service::start();
    let file = service.folder().path().join("sidecar.toml");
    let ops = service.address("ops");
    fs::write(&file, format!("[listen]\nops = '{ops}'\nunheard = 1\n[upload]\nsecrets_file = 'gone'\n"))
        .expect("writable");
    assert_eq!(health(&["--config", text(&file)]).0, 0);
}

#[test]
fn the_environment_says_where_before_the_file_does() {
    let service = Service::start();
    let mut asked = Command::new(PROGRAM);
    asked.arg("health").env("EJABBERD_SIDECAR__LISTEN__OPS", service.address("ops"));
    let folder = TempDir::new().expect("temporary folder");
    let done = asked.current_dir(folder.path()).output().expect("runs");
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0, "nothing was made");
}

#[test]
fn what_is_silent_or_something_else_is_not_ready() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound");
    let (code, said) = health(&["--url", &format!("http://{address}")]);
    assert_eq!(code, 1);
    assert!(said.contains("it took the connection and was silent"), "{said}");
    let service = Service::start();
    let (code, said) = health(&["--url", &format!("http://{}", service.address("public"))]);
    assert_eq!(code, 1);
    assert!(said.contains("something else than the ops listener"), "{said}");
}

#[test]
fn arguments_that_cannot_be_meant_are_refused() {
    for wrong in [
        &["--url", "127.0.0.1:8082"][..],
        &["--url", "http://name:password@127.0.0.1:8082"],
        &["--config", "/no/such/file.toml"],
        &["--config", "a.toml", "--url", "http://127.0.0.1:8082"],
    ] {
        let (code, said) = health(wrong);
        assert_eq!(code, 64, "{said}");
        assert!(!said.contains("password@"), "{said}");
    }
}

fn install(folder: &Path) -> (i32, String) {
    sidecar(&["install", text(folder)])
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable");
    entries.map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8")).collect()
}

#[test]
fn it_copies_itself_for_everybody_to_run() {
    let folder = TempDir::new().expect("temporary folder");
    let copy = folder.path().join("ejabberd-sidecar");
    // Twice: the second one takes the place of the first.
    for _ in 0..2 {
        let (code, said) = install(folder.path());
        assert_eq!((code, said.trim_end()), (0, text(&copy)));
        assert_eq!(names(folder.path()), ["ejabberd-sidecar"]);
        assert_eq!(fs::metadata(&copy).expect("there").permissions().mode() & 0o7777, 0o755);
        assert!(
            fs::read(&copy).expect("readable") == fs::read(PROGRAM).expect("readable"),
            "another program"
        );
    }
    assert!(Command::new(&copy).arg("--version").status().expect("runs").success());
}

/// ejabberd goes on with the one that it started, which cannot be written to.
#[test]
fn one_that_runs_is_replaced() {
    let folder = TempDir::new().expect("temporary folder");
    install(folder.path());
    let copy = folder.path().join("ejabberd-sidecar");
    let mut bridge = Command::new(&copy);
    bridge.args(["extauth", "--hook", "unix:/no/such/hook.sock"]).stdin(std::process::Stdio::piped());
    let mut bridge = bridge.stdout(std::process::Stdio::null()).spawn().expect("runs");
    let before = fs::read_link(format!("/proc/{}/exe", bridge.id())).expect("readable");
    assert!(before.starts_with(folder.path()), "{}", before.display());
    assert_eq!(install(folder.path()).0, 0);
    assert!(bridge.try_wait().expect("ours").is_none(), "it still runs");
    assert!(Command::new(&copy).arg("--version").status().expect("runs").success());
    drop(bridge.stdin.take());
    assert!(bridge.wait().expect("ours").success());
}

#[test]
fn where_it_cannot_be_put_nothing_is_left() {
    let folder = TempDir::new().expect("temporary folder");
    let (code, said) = install(&folder.path().join("missing"));
    assert_eq!(code, 1);
    assert!(said.contains("cannot be written"), "{said}");
    fs::create_dir(folder.path().join("ejabberd-sidecar")).expect("writable");
    let (code, said) = install(folder.path());
    assert_eq!(code, 1);
    assert!(said.contains("cannot be put there"), "{said}");
    assert_eq!(names(folder.path()), ["ejabberd-sidecar"]);
}

/// By user namespaces, or root.
#[test]
fn a_folder_whose_files_cannot_be_run_keeps_the_old_one_mounted_for_this() {
    let folder = TempDir::new().expect("temporary folder");
    let script = "mount -t tmpfs -o noexec,size=1g small \"$0\" && echo old >\"$0/ejabberd-sidecar\" || exit 9; \
        \"$1\" install \"$0\"; echo \"ended with $?\"; cat \"$0/ejabberd-sidecar\"; ls -A \"$0\"";
    let mut unshare = Command::new("unshare");
    let done = unshare.args(["-rm", "bash", "-c", script]).arg(folder.path()).arg(PROGRAM).output();
    let done = done.expect("unshare runs");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "ended with 1\nold\nejabberd-sidecar\n", "{done:?}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("noexec"), "{done:?}");
}
