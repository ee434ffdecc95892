//! Logging in over the hook.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use support::http::{Client, form_encoded, get, post_form, request};
use support::{FREE_PORTS, Service, configuration, tokens};

fn check(service: &Service, user: &str, server: &str, pass: &str) -> String {
    let form = [("user", user), ("server", server), ("pass", pass)];
    let hook = service.address("hook");
    let posted = post_form(&hook, "/check_password", &form);
    let got = get(&hook, &format!("/check_password?{}", form_encoded(&form)));
    for answer in [&posted, &got] {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    }
    assert_eq!(posted.body, got.body);
    posted.text().to_owned()
}

#[test]
fn a_good_token_logs_in() {
    let service = Service::start();
    for subject in ["alice", "alice@localhost", "Alice"] {
        assert_eq!(check(&service, "alice", "localhost", &tokens::good(subject)), "true", "{subject}");
    }
    service.wait_for_log(&["login", "user=\"alice\"", "outcome=\"accepted\"", "issuer=\"test\""]);
}

#[test]
fn every_other_token_is_refused_for_its_reason() {
    let service = Service::start();
    let hs256 = json!({"alg": "HS256"});
    let (now, good) = (tokens::now(), tokens::good("alice"));
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let tampered = format!("{signed}.{other}{}", &signature[1..]);
    for (user, server, pass, reason) in [
        ("alice", "localhost", String::new(), "token_missing"),
        ("alice", "localhost", "hunter2hunter2".to_owned(), "token_malformed"),
        ("alice", "localhost", "x".repeat(9000), "token_too_large"),
        ("bob", "localhost", good.clone(), "user_mismatch"),
        ("alice", "example.org", good.clone(), "vhost_unknown"),
        ("a@b", "localhost", good.clone(), "user_malformed"),
        ("alice", "localhost", tokens::good("alice@example.org"), "vhost_mismatch"),
        ("alice", "localhost", tampered, "signature_invalid"),
        (
            "alice",
            "localhost",
            tokens::signed(&json!({"alg": "none"}), &json!({"iss": "test"})),
            "algorithm_none",
        ),
        (
            "alice",
            "localhost",
            tokens::signed(&hs256, &json!({"iss": "test", "sub": "alice", "exp": now - 60})),
            "token_expired",
        ),
        (
            "alice",
            "localhost",
            tokens::signed(&hs256, &json!({"iss": "else", "sub": "alice", "exp": now + 60})),
            "issuer_unknown",
        ),
    ] {
        assert_eq!(check(&service, user, server, &pass), "false", "{reason}");
        service.wait_for_log(&["login", "outcome=\"refused\"", reason]);
        if reason == "vhost_unknown" {
            let metrics = get(&service.address("ops"), "/metrics");
            let counted = "ejabberd_sidecar_logins_total{vhost=\"unknown\",outcome=\"refused\",reason=\"vhost_unknown\"} 2";
            assert!(metrics.text().contains(counted), "{}", metrics.text());
        }
        assert!(pass.is_empty() || !service.log().contains(&pass), "a token in the log");
    }
}

fn exists(service: &Service, user: &str) -> String {
    let form = [("user", user), ("server", "localhost")];
    let hook = service.address("hook");
    let posted = post_form(&hook, "/user_exists", &form);
    let got = get(&hook, &format!("/user_exists?{}", form_encoded(&form)));
    assert_eq!((posted.status, &posted.body), (got.status, &got.body));
    posted.text().to_owned()
}

#[test]
fn a_user_exists_once_he_logged_in() {
    let service = Service::start();
    assert_eq!(exists(&service, "alice"), "false");
    assert_eq!(check(&service, "alice", "localhost", "wrong"), "false");
    assert_eq!(exists(&service, "alice"), "false");
    assert_eq!(check(&service, "alice", "localhost", &tokens::good("alice")), "true");
    assert_eq!(exists(&service, "alice"), "true");
    assert_eq!(exists(&service, "bob"), "false");
}

#[test]
fn everybody_or_nobody_exists_where_that_is_configured() {
    for (setting, answer) in [("all", "true"), ("none", "false")] {
        let service =
            Service::start_with(&configuration(FREE_PORTS, &format!("[auth]\nuser_exists = '{setting}'")));
        check(&service, "alice", "localhost", &tokens::good("alice"));
        assert_eq!(exists(&service, "alice"), answer);
        assert_eq!(exists(&service, "a@b"), "false");
    }
}

#[test]
fn a_vhost_has_its_own_settings() {
    let more = format!(
        "[hosts.'b.example'.auth]\nuser_exists = 'all'\n[[hosts.'b.example'.issuers]]\nissuer = 'b'\naudience = ['chat']\nsecret = '{}'",
        support::ISSUER_SECRET
    );
    let service = Service::start_with(&configuration(FREE_PORTS, &more));
    let claims = json!({"iss": "b", "sub": "alice", "aud": ["chat"], "exp": tokens::now() + 60});
    let token = tokens::signed(&json!({"alg": "HS256"}), &claims);
    assert_eq!(check(&service, "alice", "b.example", &token), "true");
    assert_eq!(check(&service, "alice", "localhost", &token), "false");
    assert_eq!(check(&service, "alice", "b.example", &tokens::good("alice")), "false");
    assert_eq!(exists(&service, "bob"), "false");
}

#[test]
fn malformed_questions_are_never_answered_true_and_connections_live_on() {
    let service = Service::start();
    let mut client = Client::connect(&service.address("hook"));
    for target in
        ["/check_password", "/check_password?user=alice&server=localhost", "/user_exists?user=a", "/nothing"]
    {
        client.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        let answer = client.answer(true);
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert_ne!(answer.body, b"true");
    }
    client.send("GET /user_exists?user=alice&server=localhost HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.answer(true).text(), "false");
    service.wait_for_log(&["reason=\"request_malformed\"", "missing field `pass`"]);
}

#[test]
fn credentials_and_prefix_are_asked_for_where_they_are_configured() {
    let pair = "ejabberd:a-password-of-the-hook";
    let listen = format!("{FREE_PORTS}\nhook_prefix = '/auth/v1'\nhook_credentials = '{pair}'");
    let service = Service::start_with(&configuration(&listen, ""));
    let hook = service.address("hook");
    let login = format!("/auth/v1/check_password?user=alice&server=localhost&pass={}", tokens::good("alice"));
    let basic = |pair: &str| format!("Authorization: Basic {}\r\n", STANDARD.encode(pair));

    let answer = request(&hook, "GET", &login, &basic(pair), b"");
    assert_eq!((answer.status, answer.text()), (200, "true"));
    for wrong in [
        String::new(),
        "Authorization: Basic \r\n".to_owned(),
        basic("ejabberd:another-password-of-it"),
        basic(""),
    ] {
        let answer = request(&hook, "GET", &login, &wrong, b"");
        assert_eq!((answer.status, answer.text()), (401, ""), "{wrong}");
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"hook\""));
    }
    service.wait_for_log(&["hook", "reason=\"credentials_wrong\""]);
    let metrics = get(&service.address("ops"), "/metrics");
    let counted = "ejabberd_sidecar_hook_refused_total{reason=\"credentials_wrong\"} 4";
    assert!(metrics.text().contains(counted), "{}", metrics.text());
    let elsewhere = login.replace("/auth/v1", "");
    assert_eq!(request(&hook, "GET", &elsewhere, &basic(pair), b"").status, 404, "only below the prefix");
    assert!(!service.log().contains("password-of"), "{}", service.log());
}

#[test]
fn without_credentials_an_empty_basic_header_is_not_in_the_way() {
    let service = Service::start();
    let login = format!("/check_password?user=alice&server=localhost&pass={}", tokens::good("alice"));
    let answer = request(&service.address("hook"), "GET", &login, "Authorization: Basic \r\n", b"");
    assert_eq!(answer.text(), "true");
}
