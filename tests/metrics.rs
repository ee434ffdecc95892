//! What `docs/metrics.md` promises is what the service tells, and the other way round; a stranger's words are never in it.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ejabberd_sidecar::telemetry::metrics::{Kind, Metric, OF_PROCESS, OURS, markdown};
use support::http::{Client, get, post_form, put, request};
use support::metrics::{told, value};
use support::tls::Pair;
use support::{FREE_PORTS, Service, configuration, tls, tokens, wait_until};
use tempfile::TempDir;

/// In everything that strangers choose.
const WORD: &str = "xyzzy";

fn metrics() -> impl Iterator<Item = &'static Metric> {
    OURS.iter().chain(OF_PROCESS)
}

#[test]
fn the_page_is_up_to_date() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let mut text = fs::read_to_string(&docs).expect("docs/metrics.md");
    let table = markdown();
    if std::env::var_os("WRITE_DOCS").is_some() {
        let start = text.find("| metric |").expect("a table");
        let length = text[start..].find("\n\n").expect("an end") + 1;
        text.replace_range(start..start + length, &table);
        fs::write(&docs, &text).expect("writable");
    }
    assert!(
        text.contains(&table),
        "the table of docs/metrics.md is not that of the program: run `make docs`"
    );
    for (label, _) in metrics().flat_map(|metric| metric.labels).filter(|(_, values)| values.is_empty()) {
        assert!(text.contains(&format!("\n| `{label}` | ")), "docs/metrics.md says of what {label} can be");
    }
}

/// A line of `/metrics`: the metric it belongs to, and its labels.
fn sample(line: &str) -> (String, BTreeMap<String, String>) {
    let (series, _) = line.rsplit_once(' ').expect("a value");
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.strip_suffix('}').expect("closed");
    let labels = labels.split("\",").filter(|label| !label.is_empty()).map(|label| {
        let (name, value) = label.split_once("=\"").expect("a label");
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    });
    (name.to_owned(), labels.collect())
}

/// The metric that a line is of.
fn metric_of(name: &str, labels: &mut BTreeMap<String, String>) -> Option<&'static Metric> {
    metrics().find(|metric| {
        if let Kind::Histogram(_) = metric.kind {
            let part = name.strip_prefix(metric.name);
            if part == Some("_bucket") {
                labels.remove("le").expect("a bound");
            }
            return matches!(part, Some("_bucket" | "_sum" | "_count"));
        }
        metric.name == name
    })
}

#[test]
fn every_metric_is_in_the_table_with_its_labels() {
    let folder = TempDir::new().expect("temporary folder");
    Pair::new().write(folder.path());
    fs::write(folder.path().join("users"), "carol").expect("writable");
    let listen =
        format!("{FREE_PORTS}\n{}\nhook_credentials = 'ejabberd:0123456789abcdef'", tls::CONFIGURATION);
    let more = "[auth]\nprovisioning = true\nusers_file = 'users'";
    let settings = configuration(&listen, more).replace("[upload]", "[upload]\nquota_per_host = '1GiB'");
    let service = Service::start_in(Arc::new(folder), &settings);
    everything_goes_wrong(&service);
    wait_until("the registry was written", || {
        told(&service).contains("ejabberd_sidecar_users_unwritten 0\n")
    });
    wait_until("the files were counted and swept", || {
        let told = told(&service);
        told.contains("ejabberd_sidecar_vhost_used_bytes{")
            && told.contains("ejabberd_sidecar_files_swept_timestamp_seconds ")
    });
    wait_until("the store was asked", || value(&service, "ejabberd_sidecar_store_up") == 1);

    let text = told(&service);
    let mut seen = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, mut labels) = sample(line);
        let metric = metric_of(&name, &mut labels).unwrap_or_else(|| unreachable!("{line} is in no table"));
        seen.insert(metric.name);
        assert_eq!(
            labels.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            metric.labels.iter().map(|(label, _)| *label).collect::<BTreeSet<_>>(),
            "{line}"
        );
        for (label, values) in metric.labels.iter().filter(|(_, values)| !values.is_empty()) {
            assert!(values.contains(&labels[*label].as_str()), "{label} in {line}");
        }
        assert!(
            labels.get("vhost").is_none_or(|vhost| ["localhost", "unknown"].contains(&vhost.as_str())),
            "{line}"
        );
    }
    assert!(!text.contains(WORD), "a stranger's word is in a label:\n{text}");
    let promised: BTreeSet<_> = metrics().map(|metric| metric.name).collect();
    let missing: Vec<_> = promised.difference(&seen).collect();
    assert!(missing.is_empty(), "{missing:?} are in the table, and not in:\n{text}");
    for metric in metrics() {
        let kind = format!("# TYPE {} {}\n", metric.name, metric.kind.name());
        assert!(text.contains(&kind), "{kind} is not in:\n{text}");
        assert!(text.contains(&format!("# HELP {} ", metric.name)), "{} has no help", metric.name);
    }
}

fn everything_goes_wrong(service: &Service) {
    let hook = service.address("hook");
    let shown = "Authorization: Basic ZWphYmJlcmQ6MDEyMzQ1Njc4OWFiY2RlZg==\r\n";
    let ask = |method: &str, target: &str| {
        request(&hook, method, target, &format!("{shown}Content-Length: 0\r\n"), b"")
    };
    let token = tokens::good("alice");
    ask("GET", &format!("/check_password?user=alice&server=localhost&pass={token}"));
    for (user, server, pass) in [(WORD, WORD, WORD), (WORD, "localhost", WORD), ("a b", "localhost", &token)]
    {
        let user = user.replace(' ', "%20");
        ask("GET", &format!("/check_password?user={user}&server={server}&pass={pass}"));
        ask("GET", &format!("/user_exists?user={user}&server={server}"));
        ask("GET", &format!("/{WORD}?{WORD}={WORD}"));
    }
    for call in ["register", "remove_user", "remove_user_validate"] {
        post_form(&hook, &format!("/{call}"), &[("user", WORD), ("server", WORD), ("pass", WORD)]);
        let form = format!("user={WORD}&server={WORD}&pass={WORD}");
        let headers = format!("{shown}Content-Length: {}\r\n", form.len());
        request(&hook, "POST", &format!("/{call}"), &headers, form.as_bytes());
    }
    request(&hook, WORD, "/", &format!("{WORD}: {WORD}\r\n"), b"");
    get(&service.address("ops"), &format!("/{WORD}?{WORD}"));
    Client::connect(&service.address("ops")).send(format!("{WORD} / HTTP/9.9\r\n\r\n"));
    Client::connect(&service.address("public")).send(format!("{WORD} {WORD}\r\n\r\n"));
}

#[test]
fn files_are_counted() {
    let service = Service::start();
    let public = service.address("public");
    let target = format!("/upload/localhost/h/{WORD}/name?v={}", tokens::v(&format!("h/{WORD}/name"), 4));
    let mut client = Client::connect(&public);
    client.send(format!("PUT {target} HTTP/1.1\r\nHost: {WORD}\r\nContent-Length: 4\r\n\r\nda"));
    let under_way = "ejabberd_sidecar_uploads_under_way";
    wait_until("it is under way", || value(&service, under_way) == 1);
    client.send("ta");
    assert_eq!(client.answer(true).status, 201);
    assert_eq!(value(&service, under_way), 0);
    assert_eq!(value(&service, "ejabberd_sidecar_upload_seconds_count"), 1);
    assert_eq!(value(&service, "ejabberd_sidecar_upload_bytes_total{vhost=\"localhost\"}"), 4);
    for _ in 0..3 {
        assert_eq!(get(&public, target.split_once('?').expect("a query").0).text(), "data");
    }
    wait_until("the bytes are counted", || {
        value(&service, "ejabberd_sidecar_download_bytes_total{vhost=\"localhost\"}") == 12
    });
    for (path, headers) in
        [(format!("/{WORD}"), ""), (target, "Content-Type: x\r\n"), (format!("/upload/{WORD}/a/b/c"), "")]
    {
        request(&public, "PUT", &path, &format!("{headers}Content-Length: 4\r\n"), b"data");
        get(&public, &path);
        request(&public, WORD, &path, "", b"");
    }
    assert_eq!(put(&public, &format!("/upload/localhost/h/{WORD}/o?v={WORD}"), b"data").status, 403);
    for (method, path) in [("GET", "uploads"), ("DELETE", "uploads/a/b"), ("POST", "slots"), (WORD, WORD)] {
        for token in [WORD, &tokens::good(WORD)] {
            let headers = format!("Authorization: Bearer {token}\r\nContent-Length: 0\r\n");
            for query in ["", &format!("?vhost={WORD}")] {
                request(&public, method, &format!("/api/v1/{path}{query}"), &headers, b"");
            }
        }
    }
    assert!(!told(&service).contains(WORD), "{}", told(&service));
}

#[test]
fn an_operation_of_the_store_that_fails_is_counted() {
    let service = Service::start();
    let store = service.folder().path().join("store");
    fs::rename(&store, store.with_extension("gone")).expect("there");
    let target = format!("/upload/localhost/h/r/name?v={}", tokens::v("h/r/name", 4));
    assert_eq!(put(&service.address("public"), &target, b"data").status, 503);
    let failed = |operation| {
        value(&service, &format!("ejabberd_sidecar_store_errors_total{{operation=\"{operation}\"}}"))
    };
    assert!(failed("put") + failed("head") > 0, "{}", told(&service));
}

#[test]
fn a_certificate_tells_when_it_expires() {
    let service = Service::start();
    let expires = "ejabberd_sidecar_tls_certificate_expires_timestamp_seconds";
    assert!(told(&service).contains(&format!("{expires} NaN\n")), "{}", told(&service));
    Pair::new().write(service.folder().path());
    let file = service.folder().path().join("sidecar.toml");
    fs::write(file, configuration(&format!("{FREE_PORTS}\n{}", tls::CONFIGURATION), "")).expect("writable");
    service.signal("HUP");
    // rcgen's certificates are valid until the year 4096.
    wait_until("it is told", || told(&service).contains(&format!("{expires} 67090")));
}
