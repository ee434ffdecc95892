//! SIGHUP: the configuration is read again, and nothing that goes on notices.

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use support::http::{Client, get, put};
use support::metrics::value;
use support::tls::Pair;
use support::{FREE_PORTS, Service, UPLOAD_SECRET, configuration, tls, tokens, wait_until};
use tempfile::TempDir;

const NEW_SECRET: &str = "another-upload-secret-0123456789-abcdef";

fn metric(outcome: &str) -> String {
    format!("ejabberd_sidecar_reloads_total{{outcome=\"{outcome}\"}}")
}

fn file(service: &Service) -> PathBuf {
    service.folder().path().join("sidecar.toml")
}

/// Asks for a reload, and waits until it has ended so.
fn reload(service: &Service, outcome: &str) {
    let before = value(service, &metric(outcome));
    service.signal("HUP");
    wait_until(&format!("a reload is {outcome}"), || value(service, &metric(outcome)) == before + 1);
}

/// Reloads with this configuration.
fn reload_with(service: &Service, configuration: &str) {
    fs::write(file(service), configuration).expect("writable");
    reload(service, "done");
}

/// Reloads with this configuration, in vain.
fn refused_with(service: &Service, configuration: &str) {
    fs::write(file(service), configuration).expect("writable");
    reload(service, "refused");
}

/// A PUT of 4 bytes to a path that was signed with `secret`.
fn signed(secret: &str, path: &str) -> String {
    format!("/upload/localhost/{path}?v={}", tokens::v_with(secret, path, 4))
}

fn login(user: &str, server: &str) -> String {
    format!("/check_password?user={user}&server={server}&pass={}", tokens::good(user))
}

/// Somebody who asks on and on over one connection.
fn asking(
    address: String,
    stop: &Arc<AtomicBool>,
    asked: &Arc<AtomicUsize>,
    ask: impl Fn(usize) -> (String, u16) + Send + 'static,
) -> JoinHandle<()> {
    let (stop, asked) = (Arc::clone(stop), Arc::clone(asked));
    thread::spawn(move || {
        let mut client = Client::connect(&address);
        for at in 0.. {
            let (request, status) = ask(at);
            client.send(request);
            let answer = client.answer(true);
            assert_eq!(answer.status, status, "{}", answer.text());
            assert_eq!(answer.header("connection"), None, "the connection stays");
            assert!(!answer.text().contains("false"), "a good token logs in");
            asked.fetch_add(1, Ordering::Relaxed);
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
    })
}

#[test]
fn a_reload_under_load_drops_nothing() {
    let service = Service::start();
    let (public, hook) = (service.address("public"), service.address("hook"));
    let slow: Vec<_> = (0..8)
        .map(|at| {
            let path = format!("h/slow/{at}");
            let target = signed(UPLOAD_SECRET, &path);
            let mut client = Client::connect(&public);
            client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nha"));
            (client, path)
        })
        .collect();
    let mut idle = [&public, &hook].map(|address| Client::connect(address));
    let (stop, asked) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    let mut callers: Vec<_> = (0..3)
        .map(|who| {
            asking(public.clone(), &stop, &asked, move |at| {
                let target = signed(UPLOAD_SECRET, &format!("h/r{who}/{at}"));
                (format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\ndata"), 201)
            })
        })
        .collect();
    callers.extend((0..3).map(|who| {
        asking(hook.clone(), &stop, &asked, move |_| {
            (format!("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", login(&format!("user{who}"), "localhost")), 200)
        })
    }));

    for at in 1..=10 {
        reload_with(
            &service,
            &configuration(
                FREE_PORTS,
                &format!("[limits]\nuploads = {}\nlogins_per_minute = {at}", 100 + at),
            ),
        );
        let so_far = asked.load(Ordering::Relaxed);
        wait_until("each goes on", || asked.load(Ordering::Relaxed) > so_far + 12);
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.join().expect("no request failed and no connection ended");
    }
    for (mut client, path) in slow {
        client.send("lf");
        assert_eq!(client.answer(true).status, 201, "an upload that was under way all the time");
        assert_eq!(get(&public, &format!("/upload/localhost/{path}")).text(), "half");
    }
    for client in &mut idle {
        client.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(client.answer(true).status, 404, "a connection from before all reloads");
    }
    assert_eq!(value(&service, &metric("done")), 10);
    assert_eq!(value(&service, &metric("refused")), 0);
}

#[test]
fn an_upload_secret_is_rotated_in_two_steps() {
    let service = Service::start();
    let public = service.address("public");
    let with =
        |secrets: &str| configuration(FREE_PORTS, "").replace(&format!("[\"{UPLOAD_SECRET}\"]"), secrets);
    let mut under_way = Client::connect(&public);
    let target = signed(UPLOAD_SECRET, "h/r/under-way");
    under_way.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nda"));
    wait_until("it has begun", || !service.stored_files().is_empty());

    assert_eq!(put(&public, &signed(NEW_SECRET, "h/r/a"), b"data").status, 403);
    reload_with(&service, &with(&format!("[\"{NEW_SECRET}\", \"{UPLOAD_SECRET}\"]")));
    for secret in [NEW_SECRET, UPLOAD_SECRET] {
        let path = format!("h/r/{secret}");
        assert_eq!(put(&public, &signed(secret, &path), b"data").status, 201, "{secret} is listed");
    }
    reload_with(&service, &with(&format!("[\"{NEW_SECRET}\"]")));
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/b"), b"data").status, 403, "it is listed no more");
    assert_eq!(put(&public, &signed(NEW_SECRET, "h/r/b"), b"data").status, 201);
    under_way.send("ta");
    assert_eq!(under_way.answer(true).status, 201, "it was granted when it began");
}

#[test]
fn limits_issuers_and_credentials_count_anew() {
    let service = Service::start();
    let (public, hook) = (service.address("public"), service.address("hook"));
    assert_eq!(get(&hook, &login("alice", "localhost")).text(), "true");
    let credentials = "hook_credentials = 'ejabberd:0123456789abcdef'\nhook_prefix = '/auth'";
    reload_with(
        &service,
        &configuration(&format!("{FREE_PORTS}\n{credentials}"), "")
            .replace("max_size = \"1MiB\"", "max_size = \"3B\"")
            .replace("issuer = \"test\"", "issuer = \"test\"\nlocalparts = 'b.*'"),
    );
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/n"), b"data").status, 413);
    let asked = |user: &str, headers: &str| {
        let target = format!("/auth{}", login(user, "localhost"));
        support::http::request(&hook, "GET", &target, headers, b"")
    };
    assert_eq!(asked("bob", "").status, 401);
    // ejabberd:0123456789abcdef
    let shown = "Authorization: Basic ZWphYmJlcmQ6MDEyMzQ1Njc4OWFiY2RlZg==\r\n";
    assert_eq!(asked("bob", shown).text(), "true");
    assert_eq!(asked("alice", shown).text(), "false");
    service.wait_for_log(&["login", "user=\"alice\"", "reason=\"localpart_denied\""]);
    let known =
        support::http::request(&hook, "GET", "/auth/user_exists?user=alice&server=localhost", shown, b"");
    assert_eq!(known.text(), "true", "who logged in before is known still");
}

#[test]
fn what_goes_on_counts_after_a_reload() {
    let limits = |uploads: usize, logins: usize| {
        configuration(FREE_PORTS, &format!("[limits]\nuploads = {uploads}\nlogins_per_minute = {logins}"))
    };
    let service = Service::start_with(&limits(4, 100));
    let (public, hook) = (service.address("public"), service.address("hook"));
    let begin = |path: &str| {
        let mut client = Client::connect(&public);
        let target = signed(UPLOAD_SECRET, path);
        client.send(format!("PUT {target} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nda"));
        client
    };
    let reason = |reason: &str| {
        let metric = "ejabberd_sidecar_uploads_total{vhost=\"localhost\",outcome=\"refused\"";
        value(&service, &format!("{metric},reason=\"{reason}\"}}"))
    };
    let under_way: Vec<_> = (0..3).map(|_| begin("h/r/same")).collect();
    wait_until("three have begun", || value(&service, "ejabberd_sidecar_uploads_under_way") == 3);
    reload_with(&service, &limits(4, 100));
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/same"), b"data").status, 503, "a fourth attempt");
    assert_eq!((reason("slot_busy"), reason("too_many_uploads")), (1, 0));
    reload_with(&service, &limits(3, 100));
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/other"), b"data").status, 503, "a fourth upload");
    assert_eq!((reason("slot_busy"), reason("too_many_uploads")), (1, 1));
    reload_with(&service, &limits(4, 100));
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/other"), b"data").status, 201);
    drop(under_way);

    let fails = || get(&hook, "/check_password?user=eve&server=localhost&pass=no");
    (0..20).for_each(|_| assert_eq!(fails().text(), "false"));
    assert!(!service.log().contains("login_rate"), "twenty of a hundred");
    reload_with(&service, &limits(4, 1));
    let before = service.log().len();
    (0..3).for_each(|_| assert_eq!(fails().text(), "false"));
    // Unless a minute has just begun, no line tells of these: twenty had failed before.
    let told = service.log()[before..].matches("user=\"eve\"").count();
    assert!(told <= 2, "{}", service.log());
}

#[test]
fn connections_are_counted_anew() {
    let limit =
        |connections: usize| configuration(FREE_PORTS, &format!("[limits]\nconnections = {connections}"));
    let service = Service::start_with(&limit(2));
    let public = service.address("public");
    let ask = |client: &mut Client| {
        client.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
        client.answer(true).status
    };
    let newcomer = || {
        let mut client = Client::connect(&public);
        (ask(&mut client), client)
    };
    let [(_, mut first), (_, mut second)] = [newcomer(), newcomer()];
    assert_eq!(newcomer().0, 503, "two are there");
    reload_with(&service, &limit(3));
    let (status, mut third) = newcomer();
    assert_eq!(status, 404, "there is room for three");
    reload_with(&service, &limit(1));
    assert_eq!([&mut first, &mut second, &mut third].map(ask), [404; 3], "who is there stays");
    drop((first, second));
    let open = "ejabberd_sidecar_connections{listener=\"public\"}";
    wait_until("two have left", || value(&service, open) == 1);
    assert_eq!(newcomer().0, 503, "one is there");
    assert_eq!(ask(&mut third), 404);
    drop(third);
    wait_until("there is room for one", || newcomer().0 == 404);
}

#[test]
fn vhosts_come_and_go() {
    let one = configuration(FREE_PORTS, "");
    let service = Service::start_with(&one);
    let (public, hook) = (service.address("public"), service.address("hook"));
    let secret = support::ISSUER_SECRET;
    let two = one + &format!("[[hosts.'b.example'.issuers]]\nissuer = 'test'\nsecret = '{secret}'");
    let path = signed(UPLOAD_SECRET, "h/r/n").replace("localhost", "b.example");
    assert_eq!(put(&public, &path, b"data").status, 404);
    let full = login("bob@b.example", "b.example").replacen("user=bob@b.example", "user=bob", 1);
    assert_eq!(get(&hook, &full).text(), "false");
    reload_with(&service, &two);
    assert_eq!(put(&public, &path, b"data").status, 201);
    assert_eq!(get(&hook, &full).text(), "true");
    reload_with(&service, &configuration(FREE_PORTS, ""));
    assert_eq!(get(&public, "/upload/b.example/h/r/n").status, 404);
    assert_eq!(get(&hook, &full).text(), "false");
    service.wait_for_log(&["user=\"bob\"", "reason=\"vhost_unknown\""]);
}

#[test]
fn a_configuration_that_is_refused_changes_nothing() {
    let service = Service::start();
    let (public, hook) = (service.address("public"), service.address("hook"));
    let good = configuration(FREE_PORTS, "[log]\nlevel = 'debug'").replace("1MiB", "3B");
    let secret = support::ISSUER_SECRET;
    for (at, (wrong, says)) in [
        (good.clone() + "\n[uploads]\n", "unknown field `uploads`"),
        (good.replace("\"3B\"", "\"lots\""), "upload.max_size"),
        (good.replace(UPLOAD_SECRET, "short"), "upload.secrets: is 5 bytes long"),
        (good.replace(UPLOAD_SECRET, secret), "has an upload secret as its key"),
        (good.replace("[listen]", "[listen]\ntls = { cert = 'none', key = 'none' }"), "listen.tls.cert"),
        (String::new(), "hosts: is missing"),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(file(&service), wrong).expect("writable");
        reload(&service, "refused");
        service.wait_for_log(&["ERROR", "not reloaded, all stays as it was", says]);
        assert!(
            !service.log().contains(secret) && !service.log().contains(UPLOAD_SECRET),
            "a secret is in the log"
        );
        assert_eq!(put(&public, &signed(UPLOAD_SECRET, &format!("h/r/{at}")), b"data").status, 201);
        assert_eq!(get(&hook, &login("alice", "localhost")).text(), "true");
    }
    fs::remove_file(file(&service)).expect("there");
    reload(&service, "refused");
    service.wait_for_log(&["not reloaded", "sidecar.toml: cannot be read"]);
    assert_eq!(value(&service, "ejabberd_sidecar_reload_successful"), 0);
    assert!(!service.log().contains("DEBUG"), "the level stays as well");

    reload_with(&service, &good);
    assert_eq!(value(&service, "ejabberd_sidecar_reload_successful"), 1);
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/n"), b"data").status, 413);
}

#[test]
fn with_what_needs_a_restart_nothing_counts() {
    let service = Service::start();
    let (public, taken) = (service.address("public"), TcpListener::bind("127.0.0.1:0").expect("free port"));
    let taken = taken.local_addr().expect("bound");
    let elsewhere = FREE_PORTS.replacen("127.0.0.1:0", &taken.to_string(), 1);
    refused_with(
        &service,
        &configuration(&elsewhere, "[log]\nformat = 'json'")
            .replace("path = \"store\"", "path = \"elsewhere\"")
            .replace("1MiB", "3B"),
    );
    service.wait_for_log(&["not reloaded", "listen.public, store, log.format: needs a restart"]);
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/n"), b"data").status, 201);
    assert!(!service.folder().path().join("elsewhere").exists());
    reload_with(&service, &configuration(FREE_PORTS, ""));
}

#[test]
fn a_hook_beyond_loopback_keeps_its_credentials() {
    let [public, hook, ops] = ["127.0.0.1:0", "0.0.0.0:0", "127.0.0.1:0"];
    let exposed = format!("public = '{public}'\nhook = '{hook}'\nops = '{ops}'\n");
    let credentials = "hook_credentials = 'ejabberd:a-password-of-the-hook'\n";
    let service = Service::start_with(&configuration(&(exposed + credentials), ""));
    let hook = format!("127.0.0.1:{}", service.address("hook").rsplit(':').next().expect("a port"));
    let asked = || get(&hook, "/user_exists?user=alice&server=localhost").status;
    assert_eq!(asked(), 401);
    // Fine for the address that it names, which is not the one that is bound.
    refused_with(&service, &configuration(FREE_PORTS, ""));
    service.wait_for_log(&["not reloaded", "listen.hook: needs a restart"]);
    assert_eq!(asked(), 401);
}

#[test]
fn the_log_level_goes_down_and_back() {
    let service = Service::start();
    let public = service.address("public");
    // Told at `debug`.
    let broken = || drop(Client::connect(&public).try_send("GET / HTTP/1.1\r\nHost"));
    reload_with(&service, &configuration(FREE_PORTS, "[log]\nlevel = 'debug'"));
    broken();
    service.wait_for_log(&["DEBUG", "a connection ended"]);
    let before = service.log().len();
    reload_with(&service, &configuration(FREE_PORTS, "[log]\nlevel = 'error'"));
    broken();
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/n"), b"data").status, 201);
    service.wait_for_log_since(before, &["INFO", "upload", "outcome=\"stored\""]);
    reload_with(&service, &configuration(FREE_PORTS, "[log]\naudit = false"));
    assert_eq!(put(&public, &signed(UPLOAD_SECRET, "h/r/n"), b"data").status, 409);
    broken();
    reload_with(&service, &configuration(FREE_PORTS, ""));
    service.wait_for_log_since(before, &["INFO", "reloaded"]);
    assert!(!service.log()[before..].contains("DEBUG"), "{}", service.log());
    assert!(!service.log().contains("reason=\"exists\""), "{}", service.log());
}

#[test]
fn another_certificate_is_shown() {
    let folder = TempDir::new().expect("temporary folder");
    let (first, second) = (Pair::new(), Pair::new());
    first.write(folder.path());
    let encrypted = configuration(&format!("{FREE_PORTS}\n{}", tls::CONFIGURATION), "");
    let service = Service::start_in(Arc::new(folder), &encrypted);
    let public = service.address("public");
    let mut old = first.connect(&public).expect("a handshake");
    fs::write(service.folder().path().join("second.cert"), second.cert()).expect("writable");
    fs::write(service.folder().path().join("second.key"), second.key()).expect("writable");
    reload_with(&service, &encrypted.replace("cert.pem", "second.cert").replace("key.pem", "second.key"));
    second.connect(&public).expect("the new certificate");
    assert!(first.connect(&public).is_err(), "the old one is not shown any more");
    old.send("GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(old.answer(true).status, 404, "the connection stays");

    // The files of now are read again when they change, and those of before are not.
    let third = Pair::new();
    first.write(service.folder().path());
    fs::write(service.folder().path().join("second.cert"), third.cert()).expect("writable");
    fs::write(service.folder().path().join("second.key"), third.key()).expect("writable");
    wait_until("the third certificate is shown", || third.connect(&public).is_ok());
    reload_with(&service, &configuration(FREE_PORTS, ""));
    assert_eq!(get(&public, "/nothing").status, 404, "new connections are plain");
}

#[test]
fn a_file_that_is_watched_counts_as_soon_as_it_changes() {
    let service = Service::start_watching(&configuration(FREE_PORTS, ""));
    let broken = configuration(FREE_PORTS, "colour = 1");
    fs::write(file(&service), broken).expect("writable");
    wait_until("a mistake is refused", || value(&service, &metric("refused")) == 1);
    assert_eq!(value(&service, "ejabberd_sidecar_reload_successful"), 0);
    let changed = configuration(FREE_PORTS, "").replace(UPLOAD_SECRET, NEW_SECRET);
    fs::write(file(&service), changed).expect("writable");
    wait_until("a change counts", || value(&service, &metric("done")) == 1);
    assert_eq!(put(&service.address("public"), &signed(NEW_SECRET, "h/r/new"), b"data").status, 201);
}
