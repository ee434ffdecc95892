//! `log.format = "json"`: for programs that read logs.

mod support;

use serde_json::{Map, Value};
use support::http::{get, post_form, put, request};
use support::{FREE_PORTS, Service, configuration, tokens};

const AUDIT: &str = "ejabberd_sidecar::audit";

fn parsed(line: &str) -> Map<String, Value> {
    match serde_json::from_str(line) {
        Ok(Value::Object(fields)) => fields,
        other => unreachable!("{line} is not a JSON object: {other:?}"),
    }
}

/// The lines of what happened, each as `message` without what stands behind a colon.
fn audited(lines: &[Map<String, Value>]) -> Vec<&str> {
    let audited = lines.iter().filter(|line| line["target"] == AUDIT);
    audited.map(|line| line["message"].as_str().expect("text").split(':').next().expect("one")).collect()
}

/// A service that logs so, after one of everything.
fn log(more: &str) -> Vec<Map<String, Value>> {
    let service = Service::start_with(&configuration(FREE_PORTS, &format!("[log]\nformat = 'json'\n{more}")));
    let address = |listener: &str| {
        let log = service.log();
        let lines = log.lines().map(parsed);
        let line = lines.into_iter().find(|line| line.get("listener").is_some_and(|name| name == listener));
        let message = line.expect("a listener")["message"].as_str().expect("text").to_owned();
        message.rsplit_once('/').expect("an address").1.to_owned()
    };
    let (public, hook) = (address("public"), address("hook"));
    let token = tokens::good("alice");
    get(&hook, &format!("/check_password?user=alice&server=localhost&pass={token}"));
    get(&hook, "/check_password?user=%22%0a%7b&server=localhost&pass=no");
    get(&hook, "/check_password");
    post_form(&hook, "/register", &[("user", "bob"), ("server", "localhost")]);
    let target = format!("/upload/localhost/h/r/name?v={}", tokens::v("h/r/name", 4));
    assert_eq!([(); 2].map(|()| put(&public, &target, b"data").status), [201, 409]);
    assert_eq!(get(&public, "/upload/localhost/h/r/none").status, 404);
    request(&public, "GET", "/", "Host: two\r\n", b"");
    service.signal("HUP");
    let reloaded = "\"message\":\"reloaded: the configuration counts as it is now\"";
    if more.is_empty() {
        service.wait_for_log(&[reloaded]);
    } else {
        service.wait_for_log(&["hook: "]);
    }
    let log = service.log();
    assert!(!log.contains(&token) && !log.contains("?v="), "a secret is in the log:\n{log}");
    log.lines().map(parsed).collect()
}

#[test]
fn each_line_is_a_flat_object() {
    let lines = log("");
    for line in &lines {
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field} of {line:?}");
        }
        assert!(line.values().all(|value| !value.is_object() && !value.is_array()), "{line:?}");
        humantime::parse_rfc3339(line["timestamp"].as_str().expect("text")).expect("a time");
    }
    assert_eq!(
        audited(&lines),
        ["login", "login", "hook", "register", "upload", "upload", "download", "request"]
    );
    let of = |message: &str, outcome: &str| {
        let found = lines.iter().find(|line| {
            line["message"].as_str().is_some_and(|text| text.starts_with(message))
                && line.get("outcome").is_some_and(|told| told == outcome)
        });
        found.unwrap_or_else(|| unreachable!("no {message} {outcome} in {lines:?}"))
    };
    let login = of("login", "accepted");
    assert_eq!(
        (&login["user"], &login["vhost"], &login["issuer"]),
        (&"alice".into(), &"localhost".into(), &"test".into())
    );
    assert!(login["micros"].is_u64() && login["level"] == "INFO", "{login:?}");
    let refused = of("login", "refused");
    assert_eq!((&refused["user"], &refused["reason"]), (&"\"\n{".into(), &"user_malformed".into()));
    let stored = of("upload", "stored");
    assert_eq!(
        (&stored["owner"], &stored["bytes"], &stored["client"]),
        (&"h".into(), &4.into(), &"127.0.0.1".into())
    );
    assert_eq!(of("upload", "refused")["reason"], "exists");
    assert_eq!(of("download", "refused")["reason"], "missing");
    assert_eq!(of("register", "refused")["reason"], "provisioning_off");
    assert_eq!(of("request", "refused")["listener"], "public");
}

#[test]
fn without_audit_only_trouble_is_told() {
    let lines = log("audit = false");
    assert_eq!(audited(&lines), ["hook"], "a warning");
}
