//! Who exists, as ejabberd asks it: across restarts, replicas and outages of the store.

#[path = "support/s3.rs"]
mod s3_server;
mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use tempfile::TempDir;
use tokio::task::JoinSet;

use support::http::{get, post_form};
use support::{FREE_PORTS, Service, configuration, tokens, wait_until};

fn exists(service: &Service, user: &str) -> bool {
    let answer = get(&service.address("hook"), &format!("/user_exists?user={user}&server=localhost"));
    answer.text() == "true"
}

fn log_in(service: &Service, user: &str) {
    let form = [("user", user), ("server", "localhost"), ("pass", &tokens::good(user))];
    assert_eq!(post_form(&service.address("hook"), "/check_password", &form).text(), "true", "{user}");
}

fn call(service: &Service, name: &str, user: &str) -> u16 {
    post_form(&service.address("hook"), name, &[("user", user), ("server", "localhost")]).status
}

fn metric(service: &Service, line: &str) -> bool {
    get(&service.address("ops"), "/metrics").text().lines().any(|told| told == line)
}

const PROVISIONING: &str = "[auth]\nprovisioning = true";

#[test]
fn users_are_known_after_a_restart() {
    let mut service = Service::start_with(&configuration(FREE_PORTS, PROVISIONING));
    log_in(&service, "alice");
    assert_eq!(call(&service, "/register", "bob"), 201);
    assert_eq!(call(&service, "/register", "carol"), 201);
    assert_eq!(call(&service, "/remove_user", "carol"), 204);
    // Alice was just answered; the stop waits for what is not written down yet.
    service.signal("TERM");
    assert!(service.wait().success());
    let service = Service::start_in(service.folder(), &configuration(FREE_PORTS, ""));
    assert_eq!(
        ["alice", "bob", "carol", "dave"].map(|user| exists(&service, user)),
        [true, true, false, false]
    );
    wait_until("users are counted", || metric(&service, "ejabberd_sidecar_users 2"));
}

#[test]
fn replicas_learn_of_each_other() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let store = format!("path = \"{}\"", folder.path().join("shared").display());
    let settings = configuration(FREE_PORTS, PROVISIONING).replace("path = \"store\"", &store);
    let [here, there] = [(); 2].map(|()| Service::start_with(&settings));
    log_in(&here, "alice");
    wait_until("the other replica knows alice", || exists(&there, "alice"));
    assert_eq!(call(&there, "/remove_user", "alice"), 204);
    assert_eq!(call(&there, "/remove_user", "alice"), 404);
    wait_until("the first replica forgot alice", || !exists(&here, "alice"));
    log_in(&there, "alice");
    wait_until("alice is back", || exists(&here, "alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_loses_nobody() {
    let folder = TempDir::new().expect("temporary folder");
    // A port that is ours, on which nobody listens until the store comes back.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    let port = socket.local_addr().expect("bound").as_socket().expect("IPv4").port();
    let s3 = format!(
        "[store]\nkind = 's3'\nbucket = '{}'\nregion = 'us-east-1'\nendpoint = 'http://127.0.0.1:{port}'\npath_style = true\naccess_key_id = '{}'\nsecret_access_key = '{}'\n",
        s3_server::BUCKET,
        s3_server::ACCESS_KEY_ID,
        s3_server::SECRET_ACCESS_KEY
    );
    let settings = configuration(FREE_PORTS, "").replace("[store]\nkind = \"disk\"\npath = \"store\"\n", &s3);
    assert!(settings.contains("'s3'"), "{settings}");
    tokio::task::spawn_blocking(move || {
        let service = Service::start_with(&settings);
        assert!(exists(&service, "nobody"), "rather a message too many than one too few");
        log_in(&service, "alice");
        assert!(exists(&service, "alice"));
        service.wait_for_log(&["until it is, every user exists"]);
        service.wait_for_log(&["is behind: who logged in is kept in memory"]);
        wait_until("alice waits", || metric(&service, "ejabberd_sidecar_users_unwritten 1"));

        let runtime = tokio::runtime::Handle::current();
        let mut server = JoinSet::new();
        socket.listen(64).expect("it is bound");
        socket.set_nonblocking(true).expect("a socket");
        let _runtime = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(socket.into()).expect("it listens");
        let bound = s3_server::S3Server::on(listener, folder.path()).expect("a folder");
        server.spawn_on(bound.serve(), &runtime);
        wait_until("it is known who exists", || !exists(&service, "nobody"));
        wait_until("alice is written down", || metric(&service, "ejabberd_sidecar_users_unwritten 0"));
        drop(service);
        let service = Service::start_with(&settings);
        assert_eq!(["alice", "nobody"].map(|user| exists(&service, user)), [true, false]);
    })
    .await
    .expect("no panic");
}

#[test]
fn a_listed_user_exists_without_ever_having_been_here() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let users = folder.path().join("users");
    fs::write(&users, "# staff\nalice\nbob@localhost\ncarol@elsewhere.example\n").expect("writable");
    let settings = configuration(FREE_PORTS, "[auth]\nuser_exists = 'none'\nusers_file = 'users'");
    let service = Service::start_in(folder, &settings);
    assert_eq!(
        ["alice", "bob", "carol", "dave"].map(|user| exists(&service, user)),
        [true, true, false, false]
    );
    fs::write(&users, "dave\n").expect("writable");
    wait_until("the list was read again", || exists(&service, "dave"));
    assert!(!exists(&service, "alice"));
    fs::write(&users, "dave\na b\n").expect("writable");
    service.wait_for_log(&["line 2 is neither a localpart nor a bare JID", "stay"]);
    assert!(exists(&service, "dave"));
}

#[test]
fn a_removed_user_takes_his_files_along() {
    let service = Service::start_with(&configuration(FREE_PORTS, PROVISIONING));
    log_in(&service, "alice");
    let folder = "9637f279e87dc3aba7eb582ceceaa621fa695865";
    for name in ["one.txt", "two.txt"] {
        let path = format!("{folder}/random-{name}/{name}");
        let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, 4));
        assert_eq!(support::http::put(&service.address("public"), &target, b"data").status, 201);
    }
    let uploads = |service: &Service| {
        service.stored_files().iter().filter(|file| file.to_string_lossy().contains(folder)).count()
    };
    wait_until("alice is written down", || uploads(&service) == 3);
    assert_eq!(call(&service, "/remove_user", "alice"), 204);
    let left = service.stored_files();
    let left: Vec<_> =
        left.iter().map(|file| file.to_string_lossy()).filter(|file| file.contains(folder)).collect();
    let is_known = |file: &std::borrow::Cow<'_, str>| file.ends_with("-gone") || file.contains("/tombs/");
    assert!(left.len() == 2 && left.iter().all(is_known), "{left:?}");
    assert!(!exists(&service, "alice"));
}

#[test]
fn slots_of_an_erased_user_are_dead_until_he_comes_back() {
    let service = Service::start_with(&configuration(FREE_PORTS, PROVISIONING));
    let folder = "9637f279e87dc3aba7eb582ceceaa621fa695865";
    let upload = |name: &str| {
        let path = format!("{folder}/random-{name}/{name}");
        let target = format!("/upload/localhost/{path}?v={}", tokens::v(&path, 4));
        support::http::put(&service.address("public"), &target, b"data").status
    };
    log_in(&service, "alice");
    assert_eq!([upload("used"), upload("used")], [201, 409]);

    // An upload that is on its way when its user is erased does not survive him.
    let path = format!("{folder}/random-slow/slow");
    let mut slow = TcpStream::connect(service.address("public")).expect("listening");
    let token = tokens::v(&path, 4);
    let head =
        format!("PUT /upload/localhost/{path}?v={token} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nda");
    slow.write_all(head.as_bytes()).expect("connected");
    wait_until("the slow upload has begun", || {
        service.stored_files().iter().any(|file| file.to_string_lossy().contains("staging"))
    });
    assert_eq!(call(&service, "/remove_user", "alice"), 204);
    slow.write_all(b"ta").expect("connected");
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 410");
    assert_eq!(call(&service, "/remove_user", "alice"), 404, "he is gone");

    assert_eq!([upload("used"), upload("unused")], [410, 410]);
    service.wait_for_log(&["upload", "reason=\"user_erased\""]);
    let files = service.stored_files();
    assert!(!files.iter().any(|file| file.to_string_lossy().contains("/files/")), "{files:?}");
    log_in(&service, "alice");
    assert_eq!([upload("again"), upload("again")], [201, 409], "he has come back");
}

#[test]
fn an_upload_ends_as_it_has_to_though_its_client_has_left() {
    let service = Service::start_with(&configuration(FREE_PORTS, PROVISIONING));
    log_in(&service, "alice");
    let folder = "9637f279e87dc3aba7eb582ceceaa621fa695865";
    let begin = |name: &str| {
        let path = format!("{folder}/random-{name}/{name}");
        let token = tokens::v(&path, 4);
        let mut client = TcpStream::connect(service.address("public")).expect("listening");
        let head = format!(
            "PUT /upload/localhost/{path}?v={token} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ndat"
        );
        client.write_all(head.as_bytes()).expect("connected");
        client
    };
    let staged = |service: &Service| {
        service.stored_files().iter().filter(|file| file.to_string_lossy().contains("/staging/")).count()
    };
    let leave = |mut client: TcpStream| {
        client.write_all(b"a").expect("connected");
        // With a reset, which tells the service at once.
        SockRef::from(&client).set_linger(Some(Duration::ZERO)).expect("a socket");
    };
    // Each is stored and told, or was never whole and is told as well.
    let clients: Vec<_> = (0..20).map(|number| begin(&format!("left-{number}"))).collect();
    wait_until("all have begun", || staged(&service) == 20);
    clients.into_iter().for_each(leave);
    wait_until("each is counted", || {
        let counted = |line: &str| {
            let metrics = get(&service.address("ops"), "/metrics");
            let counts = metrics
                .text()
                .lines()
                .filter_map(|told| told.strip_prefix(line)?.trim().parse::<usize>().ok());
            counts.sum::<usize>()
        };
        let uploads = "ejabberd_sidecar_uploads_total{vhost=\"localhost\",outcome=";
        let stored = counted(&format!("{uploads}\"stored\",reason=\"none\"}}"));
        let refused = counted(&format!("{uploads}\"refused\",reason=\"body_incomplete\"}}"));
        let there =
            service.stored_files().iter().filter(|file| file.to_string_lossy().contains("/left-")).count();
        stored + refused == 20 && there == stored
    });
    // And of an erased user none stays.
    let clients: Vec<_> = (0..20).map(|number| begin(&format!("late-{number}"))).collect();
    wait_until("all have begun", || staged(&service) == 20);
    assert_eq!(call(&service, "/remove_user", "alice"), 204);
    clients.into_iter().for_each(leave);
    wait_until("all have ended", || staged(&service) == 0);
    wait_until("none is left", || {
        !service.stored_files().iter().any(|file| file.to_string_lossy().contains("/files/"))
    });
}

#[test]
fn replicas_know_an_erased_users_slots_at_once() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let store = format!("path = \"{}\"", folder.path().join("shared").display());
    let settings = configuration(FREE_PORTS, PROVISIONING).replace("path = \"store\"", &store);
    let [here, there] = [(); 2].map(|()| Service::start_with(&settings));
    log_in(&here, "alice");
    wait_until("the other one has heard of her", || exists(&there, "alice"));
    assert_eq!(call(&here, "/remove_user", "alice"), 204);
    let path = "9637f279e87dc3aba7eb582ceceaa621fa695865/r/n";
    let target = format!("/upload/localhost/{path}?v={}", tokens::v(path, 4));
    for service in [there, here, Service::start_with(&settings)] {
        assert_eq!(support::http::put(&service.address("public"), &target, b"data").status, 410);
    }
}

#[test]
fn a_listed_user_is_removed_from_the_list_alone() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    fs::write(folder.path().join("users"), "alice").expect("writable");
    let settings = configuration(FREE_PORTS, &format!("{PROVISIONING}\nusers_file = 'users'"));
    let service = Service::start_in(folder, &settings);
    assert_eq!([call(&service, "/register", "alice"), call(&service, "/remove_user", "alice")], [409, 403]);
    service.wait_for_log(&["remove", "user=\"alice\"", "reason=\"listed\""]);
    assert!(exists(&service, "alice"));
}

#[test]
fn without_provisioning_nobody_is_made_or_removed() {
    let service = Service::start();
    log_in(&service, "alice");
    assert_eq!(call(&service, "/register", "bob"), 403);
    assert_eq!(call(&service, "/remove_user", "alice"), 403);
    assert_eq!(["alice", "bob"].map(|user| exists(&service, user)), [true, false]);
    service.wait_for_log(&["register", "user=\"bob\"", "reason=\"provisioning_off\""]);
    service.wait_for_log(&["remove", "user=\"alice\"", "reason=\"provisioning_off\""]);
}
