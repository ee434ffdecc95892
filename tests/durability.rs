//! Nothing that was acknowledged is lost, nothing partial is seen, and nothing is left: when processes are killed, when two of them share
//! a folder, when the disk is full, read-only or away.

mod support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use support::http::{Answer, Client, get, post_form, put};
use support::{FREE_PORTS, PATIENCE, Service, configuration, tokens, wait_until};
use tempfile::TempDir;

const HASH: &str = "9637f279e87dc3aba7eb582ceceaa621fa695865";
const MIB: usize = 1024 * 1024;

fn target(path: &str, size: usize) -> String {
    format!("/upload/localhost/{path}?v={}", tokens::v(path, size))
}

fn upload(service: &Service, path: &str, body: &[u8]) -> Answer {
    put(&service.address("public"), &target(path, body.len()), body)
}

fn download(service: &Service, path: &str) -> Answer {
    get(&service.address("public"), &format!("/upload/localhost/{path}"))
}

/// Begins an upload and sends half of it. Returns when that is in a file of its own.
fn half_an_upload(service: &Service, store: &Path, path: &str, body: &[u8]) -> Client {
    let before = staged(store).len();
    let mut client = Client::connect(&service.address("public"));
    let head = format!("PUT {} HTTP/1.1\r\nHost: h\r\n", target(path, body.len()));
    client.send(format!("{head}Content-Length: {}\r\n\r\n", body.len()));
    client.send(&body[..body.len() / 2]);
    wait_until("the upload has begun", || staged(store).len() > before);
    client
}

/// All files below `folder`, relative to it.
fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).expect("readable").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let path = path.strip_prefix(folder).expect("below it");
                found.insert(path.to_str().expect("UTF-8").to_owned());
            }
        }
    }
    found
}

fn staged(store: &Path) -> BTreeSet<String> {
    files_below(&store.join("staging"))
}

/// The store holds these files, and nothing else whatsoever.
fn assert_stored(store: &Path, paths: &[&str]) {
    let stored: BTreeSet<_> = paths.iter().map(|path| format!("files/localhost/{path}")).collect();
    wait_until("what was cut off is gone", || staged(store).is_empty());
    assert_eq!(files_below(store), stored);
}

/// Makes the files that are on their way in look as if nobody had written to them for long.
fn age_staged_files(store: &Path) {
    let long_ago = SystemTime::now() - Duration::from_mins(5);
    for name in staged(store) {
        let file = File::open(store.join("staging").join(name)).expect("readable");
        file.set_modified(long_ago).expect("ours");
    }
}

/// A configuration with room for large files.
fn large_files() -> String {
    configuration(FREE_PORTS, "").replace("\"1MiB\"", "\"8MiB\"")
}

/// A folder, and a configuration with which several services share it as their store.
fn shared_store() -> (TempDir, String) {
    let folder = TempDir::new().expect("temporary folder");
    let path = format!("path = \"{}\"", folder.path().join("store").display());
    let configuration = large_files().replace("path = \"store\"", &path);
    (folder, configuration)
}

/// The content of a file, which its path tells; its last part is the size.
fn content(path: &str) -> Vec<u8> {
    let size = path.rsplit('/').next().and_then(|size| size.parse().ok()).expect("a size");
    let seed = path.bytes().fold(0_u64, |seed, byte| seed.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
    let mut bytes = Vec::with_capacity(size + 8);
    let mut word = seed;
    while bytes.len() < size {
        word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        bytes.extend(word.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// Sends a request to a service that may be killed at any moment: status and body, if it got so far.
fn try_request(address: &str, method: &str, target: &str, body: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let cut_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let mut headers = [httparse::EMPTY_HEADER; 24];
    let mut head = httparse::Response::new(&mut headers);
    let parsed = head.parse(&answer).expect("HTTP");
    let httparse::Status::Complete(head_bytes) = parsed else { return Err(cut_off()) };
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.map_or("0", |header| std::str::from_utf8(header.value).expect("digits"));
    let status = head.code.expect("parsed");
    let end = head_bytes + length.parse::<usize>().expect("a number");
    if answer.len() == end { Ok((status, answer.split_off(head_bytes))) } else { Err(cut_off()) }
}

/// How many files a round of crashes uploads, and how many clients do that.
const UPLOADS: usize = 200;
const CLIENTS: usize = 8;

/// A new path. Most files are small, some are empty, a few large.
fn some_path(round: usize, number: usize) -> String {
    let size = match number % 40 {
        0 => rand::random_range(MIB..=2 * MIB),
        1..=5 => rand::random_range(20_000..300_000),
        6 => 0,
        _ => rand::random_range(1..20_000),
    };
    format!("{HASH}/{round}-{number}/{size}")
}

/// Uploads a file to the first service that lives, and answers whether one of them acknowledged it.
fn acknowledged(addresses: &[&str], path: &str) -> bool {
    let body = content(path);
    let mut statuses = addresses.iter().filter_map(|address| {
        let answer = try_request(address, "PUT", &target(path, body.len()), &body);
        answer.ok().map(|(status, _)| status)
    });
    let Some(status) = statuses.next() else { return false };
    // One that was killed may have stored it before it could say so.
    assert!(matches!(status, 201 | 409), "{path}: {status}");
    true
}

/// Fetches a file from every service that lives: it is whole wherever it is seen, and there if it has to be.
fn look(addresses: &[&str], path: &str, has_to_be_there: bool) {
    for address in addresses {
        let answer = try_request(address, "GET", &format!("/upload/localhost/{path}"), b"");
        let Ok((status, body)) = answer else { continue };
        assert!(status == 200 || (status == 404 && !has_to_be_there), "{path}: {status}");
        assert!(status == 404 || body == content(path), "{path} is not what was uploaded");
    }
}

/// Uploads to both services, of which one or both are killed at some moment; answers what was acknowledged.
fn round_of_uploads(round: usize, services: &mut [Option<Service>; 2]) -> Vec<String> {
    let addresses = services.each_ref().map(|service| service.as_ref().expect("runs").address("public"));
    let (begun, kill_at) = (AtomicUsize::new(0), rand::random_range(1..UPLOADS));
    let stored = Mutex::new(Vec::new());
    let client = || {
        while let number @ 0..UPLOADS = begun.fetch_add(1, Ordering::Relaxed) {
            let path = some_path(round, number);
            let mut addresses = addresses.each_ref().map(String::as_str);
            addresses.rotate_left(number % 2);
            let acknowledged = acknowledged(&addresses, &path);
            look(&addresses, &path, acknowledged);
            if acknowledged {
                stored.lock().expect("no panic in there").push(path);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(client);
        }
        wait_until("uploads go on", || begun.load(Ordering::Relaxed) >= kill_at);
        match round % 3 {
            2 => *services = [None, None],
            one => services[one] = None,
        }
    });
    stored.into_inner().expect("no panic in there")
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_partial_is_seen_when_processes_are_killed() {
    let (folder, configuration) = shared_store();
    let store = folder.path().join("store");
    let mut services = [None, None];
    let mut acknowledged = BTreeSet::new();
    let restart = |services: &mut [Option<Service>; 2]| {
        for service in services.iter_mut().filter(|service| service.is_none()) {
            *service = Some(Service::start_with(&configuration));
        }
    };
    for round in 0..10 {
        restart(&mut services);
        acknowledged.extend(round_of_uploads(round, &mut services));
    }
    // The sweep is for what nobody has touched for a minute.
    age_staged_files(&store);
    services = [None, None];
    restart(&mut services);
    wait_until("what was left is gone", || staged(&store).is_empty());

    let visible = files_below(&store.join("files/localhost"));
    let lost: Vec<_> = acknowledged.difference(&visible).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let addresses = services.each_ref().map(|service| service.as_ref().expect("runs").address("public"));
    for path in &visible {
        look(&addresses.each_ref().map(String::as_str), path, true);
    }
    assert_stored(&store, &visible.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_a_killed_process_left_is_swept_up_and_what_a_living_one_writes_is_not() {
    let (folder, configuration) = shared_store();
    let store = folder.path().join("store");
    let (path, lost) = (format!("{HASH}/living/100000"), format!("{HASH}/killed/100000"));
    let [body, other] = [&path, &lost].map(|path| content(path));
    let living = Service::start_with(&configuration);
    let mut client = half_an_upload(&living, &store, &path, &body);
    let killed = Service::start_with(&configuration);
    let _client = half_an_upload(&killed, &store, &lost, &other);
    drop(killed);
    assert_eq!(staged(&store).len(), 2);

    age_staged_files(&store);
    let sweeper = Service::start_with(&configuration);
    // Whoever sweeps first: on a busy machine the living one may get to it only now.
    let swept = "removed 1 leftovers of uploads that a crashed process had begun";
    wait_until("one of them swept", || {
        [&living, &sweeper].iter().any(|service| service.log().contains(swept))
    });
    assert_eq!(staged(&store).len(), 1);
    client.send(&body[body.len() / 2..]);
    assert_eq!(client.answer(true).status, 201);
    assert!(download(&sweeper, &path).body == body);
    assert_eq!(upload(&sweeper, &lost, &other).status, 201, "its slot is still good");
    assert_stored(&store, &[&path, &lost]);
}

#[test]
fn of_two_clients_at_two_processes_one_gets_the_slot() {
    let (folder, configuration) = shared_store();
    let services = [(); 2].map(|()| Service::start_with(&configuration));
    let bodies = [1, 2].map(|byte| vec![byte; 100_000]);
    let paths: Vec<_> = (0..50).map(|round| format!("{HASH}/race-{round}/name")).collect();
    for path in &paths {
        let start = Barrier::new(2);
        let statuses = thread::scope(|scope| {
            let clients = [0, 1].map(|at| {
                let (service, body, start) = (&services[at], &bodies[at], &start);
                scope.spawn(move || {
                    start.wait();
                    upload(service, path, body).status
                })
            });
            clients.map(|client| client.join().expect("no panic in there"))
        });
        let winner = match statuses {
            [201, 409] => 0,
            [409, 201] => 1,
            other => unreachable!("{path}: {other:?}"),
        };
        for service in &services {
            assert!(download(service, path).body == bodies[winner], "{path} is not the winner's");
        }
    }
    assert_stored(&folder.path().join("store"), &paths.iter().map(String::as_str).collect::<Vec<_>>());
}

/// A refusal because the store is full. When there will be room, nobody knows.
fn assert_full(answer: &Answer) {
    assert_eq!((answer.status, answer.header("retry-after")), (507, None), "{answer:?}");
}

#[test]
fn a_full_disk_mounted_for_this_is_507_until_there_is_room() {
    let service = Service::start_on_small_disk(4 * MIB as u64, &large_files());
    let store = service.seen();
    let [first, second, third] = ["first", "second", "third"].map(|name| format!("{HASH}/{name}/name"));
    let large = vec![1; 3 * MIB / 2];
    assert_eq!(upload(&service, &first, &vec![1; MIB]).status, 201);

    // Seen before it comes.
    let mut hopeless = Client::connect(&service.address("public"));
    let head = format!("PUT {} HTTP/1.1\r\nHost: h\r\n", target(&second, 4 * MIB));
    hopeless.send(format!("{head}Content-Length: {}\r\nExpect: 100-continue\r\n\r\n", 4 * MIB));
    assert_full(&hopeless.answer(true));

    // Seen while it comes: there is room for each of them, and not for both.
    let larger = vec![2; 2 * MIB];
    let mut client = half_an_upload(&service, &store, &second, &large);
    let mut other = half_an_upload(&service, &store, &third, &larger);
    client.send(&large[large.len() / 2..large.len() - 1]);
    wait_until("all but a byte of one and half of the other is there", || {
        let sizes = staged(&store).into_iter().map(|name| fs::metadata(store.join("staging").join(name)));
        sizes.flatten().map(|metadata| metadata.len()).sum::<u64>() == (large.len() - 1 + MIB) as u64
    });
    // The refusal may come before all of it is sent.
    drop(other.try_send(&larger[MIB..]));
    assert_full(&other.answer(true));
    client.send(&large[large.len() - 1..]);
    assert_eq!(client.answer(true).status, 201);
    service.wait_for_log(&["reason=\"store_full\"", "are free"]);
    service.wait_for_log(&["reason=\"store_full\"", "No space left on device"]);
    assert_eq!(download(&service, &third).status, 404);
    assert_stored(&store, &[&first, &second]);

    fs::remove_file(store.join("files/localhost").join(&second)).expect("ours");
    assert_eq!(upload(&service, &third, &large).status, 201);
    assert_stored(&store, &[&first, &third]);
}

#[test]
fn who_has_filled_the_disk_can_be_removed() {
    let settings = large_files() + "[auth]\nprovisioning = true\n";
    let service = Service::start_on_small_disk(4 * MIB as u64, &settings);
    let store = service.seen();
    let ask = |call: &str, form: &[(&str, &str)]| post_form(&service.address("hook"), call, form);
    let alice = [("user", "alice"), ("server", "localhost")];
    let password = tokens::good("alice");
    let login = ask("/check_password", &[alice[0], alice[1], ("pass", &password)]);
    assert_eq!(login.text(), "true");
    wait_until("alice is written down", || store.join("users").exists() && staged(&store).is_empty());

    // Smaller and smaller, until there is no room for a byte.
    let pieces = [MIB; 4].into_iter().chain([MIB / 16; 20]).chain([4096; 20]).chain([1; 20]).enumerate();
    let mut refused = pieces.filter(|(n, size)| {
        let answer = upload(&service, &format!("{HASH}/{n}/name"), &vec![1; *size]);
        (*size, answer.status) == (1, 507)
    });
    assert!(refused.next().is_some(), "the disk is full");

    assert_eq!(ask("/remove_user", &alice).status, 204);
    let left = files_below(&store);
    assert!(!left.iter().any(|file| file.starts_with("files/")), "{left:?}");
    assert_eq!(upload(&service, &format!("{HASH}/new/name"), b"data").status, 410);
    assert_eq!(ask("/user_exists", &alice).text(), "false");
}

#[test]
fn a_file_above_the_systems_limit_is_507_and_the_service_lives() {
    let service = Service::start_limited("ulimit -Sf 1024", &large_files());
    let store = service.folder().path().join("store");
    let [small, large] = ["small", "large"].map(|name| format!("{HASH}/{name}/name"));
    assert_eq!(upload(&service, &small, &vec![1; MIB / 2]).status, 201);
    assert_full(&upload(&service, &large, &vec![1; 3 * MIB / 2]));
    assert_eq!(download(&service, &large).status, 404);
    assert_stored(&store, &[&small]);

    let pid = service.pid().to_string();
    let raised = Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &pid]).status();
    assert!(raised.expect("prlimit runs").success());
    assert_eq!(upload(&service, &large, &vec![1; 3 * MIB / 2]).status, 201);
    assert_stored(&store, &[&small, &large]);
}

#[test]
fn a_read_only_disk_mounted_for_this_is_503_until_it_is_writable() {
    let service = Service::start_on_small_disk(4 * MIB as u64, &large_files());
    let store = service.seen();
    let [first, second] = ["first", "second"].map(|name| format!("{HASH}/{name}/name"));
    assert_eq!(upload(&service, &first, b"first").status, 201);
    service.remount("ro");
    let refused = upload(&service, &second, b"second");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    service.wait_for_log(&["reason=\"store_failed\"", "Read-only file system", "for writing"]);
    assert_eq!(download(&service, &first).body, b"first", "what is there is served");
    assert_eq!(download(&service, &second).status, 404);
    assert_stored(&store, &[&first]);

    service.remount("rw");
    assert_eq!(upload(&service, &second, b"second").status, 201);
    assert_stored(&store, &[&first, &second]);
}

#[test]
fn a_store_that_was_moved_away_is_503_until_it_is_back() {
    let service = Service::start_with(&large_files());
    let store = service.folder().path().join("store");
    let away = service.folder().path().join("away");
    let [first, second, third] = ["first", "second", "third"].map(|name| format!("{HASH}/{name}/name"));
    assert_eq!(upload(&service, &first, b"first").status, 201);
    let large = vec![2; MIB];
    let mut client = half_an_upload(&service, &store, &second, &large);
    fs::rename(&store, &away).expect("ours");
    // As an unmounted volume's mount point is.
    fs::create_dir(&store).expect("ours");

    for path in [&first, &third] {
        let answer = download(&service, path);
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("5")),
            "nobody knows what is there"
        );
    }
    assert_eq!(upload(&service, &third, b"third").status, 503);
    service.wait_for_log(&["upload", "reason=\"store_failed\"", "mount its volume or put the folder back"]);
    client.send(&large[large.len() / 2..]);
    assert_eq!(client.answer(true).status, 503, "it cannot be published");
    fs::remove_dir(&store).expect("nothing was put into it");

    fs::rename(&away, &store).expect("ours");
    assert_eq!(download(&service, &first).body, b"first");
    assert_eq!(download(&service, &second).status, 404);
    for (path, body) in [(&second, &large[..]), (&third, b"third")] {
        assert_eq!(upload(&service, path, body).status, 201);
    }
    // The service could not remove from where it was what it had begun there.
    age_staged_files(&store);
    let next = Service::start_in(service.folder(), &large_files());
    next.wait_for_log(&["removed 1 leftovers"]);
    assert_stored(&store, &[&first, &second, &third]);
}
