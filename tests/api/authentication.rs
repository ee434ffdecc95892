//! Who may call: whoever could log in with the same token, and all others read the same.

use std::process::Command;

use serde_json::{Value, json};

use crate::app::{App, JSON, SLOTS, UPLOADS, ask, bearer, counted, error};
use crate::support::http::{Answer, post_form, request};
use crate::support::metrics::told;
use crate::support::slots::{Kind, Slot};
use crate::support::tokens::{good, now, signed, signed_with};
use crate::support::{FREE_PORTS, PROGRAM, Service, configuration, wait_until};

const CALLS: [(&str, &str); 3] = [("POST", SLOTS), ("GET", UPLOADS), ("DELETE", "/api/v1/uploads/a/b")];

fn claims(member: &str, value: Value) -> Value {
    let mut claims = json!({"iss": "test", "sub": "alice", "exp": now() + 600});
    claims[member] = value;
    claims
}

fn hs256(claims: &Value) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), claims)
}

/// All that a caller reads, but for the date.
fn read(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date")).cloned();
    (answer.status, headers.collect(), answer.text().to_owned())
}

/// How many calls were refused for this reason.
fn refusals(service: &Service, reason: &str) -> u64 {
    let told = told(service);
    let lines = told.lines().filter(|line| {
        line.starts_with("ejabberd_sidecar_api_requests_total{")
            && line.contains(&format!("reason=\"{reason}\""))
    });
    lines
        .map(|line| line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok()).expect("a number"))
        .sum()
}

/// What is sent instead of a good token of alice, and why that is none.
fn no_good_tokens(token: &str, tampered: &str) -> Vec<(String, &'static str)> {
    let basic = |pair: &str| format!("Authorization: Basic {pair}\r\n");
    vec![
        (String::new(), "authorization_missing"),
        (basic("YWxpY2U6eA=="), "authorization_missing"),
        (format!("Authorization: {token}\r\n"), "authorization_missing"),
        ("Authorization: Bearer\r\n".to_owned(), "authorization_missing"),
        (format!("{}{}", bearer(token), bearer(token)), "authorization_doubled"),
        (format!("{}{}", bearer(token), basic("YTpi")), "authorization_doubled"),
        (bearer("x"), "token_malformed"),
        (bearer(&"x".repeat(8193)), "token_too_large"),
        (bearer(tampered), "signature_invalid"),
        (bearer(&format!("{token}=")), "token_not_canonical"),
        (
            bearer(&signed_with(
                "another-secret-0123456789-abcdefghijklmnop",
                &json!({"alg": "HS256"}),
                &claims("sub", json!("alice")),
            )),
            "signature_invalid",
        ),
        (
            bearer(&format!(
                "{}.",
                signed(&json!({"alg": "none"}), &claims("sub", json!("alice")))
                    .rsplit_once('.')
                    .expect("three parts")
                    .0
            )),
            "algorithm_none",
        ),
        (bearer(&hs256(&claims("exp", json!(now() - 600)))), "token_expired"),
        (bearer(&hs256(&claims("exp", json!(now() * 1000)))), "expiry_in_milliseconds"),
        (bearer(&hs256(&claims("nbf", json!(now() + 600)))), "not_yet_valid"),
        (bearer(&hs256(&claims("iss", json!("another")))), "issuer_unknown"),
        (bearer(&hs256(&claims("iss", json!(null)))), "issuer_missing"),
        (bearer(&hs256(&claims("aud", json!("another")))), "audience_mismatch"),
        (bearer(&hs256(&claims("cnf", json!({})))), "confirmation_required"),
        (bearer(&hs256(&claims("sub", json!("admin")))), "localpart_denied"),
        (bearer(&hs256(&claims("sub", json!("alice@other.example")))), "vhost_mismatch"),
        (bearer(&hs256(&claims("sub", json!("stra\u{df}e")))), "user_claim_folds"),
        (bearer(&hs256(&claims("sub", json!("a/b")))), "user_claim_malformed"),
        (bearer(&hs256(&claims("sub", json!(7)))), "user_claim_missing"),
    ]
}

#[test]
fn what_is_no_good_token_gets_one_answer_and_the_log_says_why() {
    let service = Service::start();
    let token = good("alice");
    let tampered = format!(
        "{}.{}",
        token.rsplit_once('.').expect("three parts").0,
        good("bob").rsplit_once('.').expect("three parts").1
    );
    let mut answers = Vec::new();
    for (header, reason) in no_good_tokens(&token, &tampered) {
        for (method, target) in CALLS {
            let before = refusals(&service, reason);
            let answer = ask(&service, method, target, &format!("{header}{JSON}"), "");
            assert_eq!(error(&answer), (401, "not_authenticated".to_owned()), "{reason}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{reason}");
            assert_eq!(refusals(&service, reason), before + 1, "{reason}");
            answers.push(read(&answer));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    for reason in ["signature_invalid", "token_expired", "localpart_denied"] {
        assert!(counted(&service, "list", "refused", reason) >= 1, "{reason}");
    }
    service.wait_for_log(&["api: ", "reason=\"login_rate\"", "limits.logins_per_minute"]);
    for part in [&token, &tampered] {
        assert!(!service.log().contains(part.as_str()), "a token is in the log");
    }
    assert_eq!(service.stored_files(), Vec::<std::path::PathBuf>::new());
    assert_eq!(App::of(&service, "alice").names(), Vec::<String>::new(), "a good one always counts");
}

#[test]
fn a_refusal_is_told_with_what_it_came_with() {
    let service = Service::start();
    ask(&service, "GET", UPLOADS, &bearer(&hs256(&claims("exp", json!(now() - 600)))), "");
    service.wait_for_log(&[
        "api: ",
        "call=\"list\"",
        "vhost=\"localhost\"",
        "client=127.0.0.1",
        "issuer=\"test\"",
        "reason=\"token_expired\"",
    ]);
}

/// What decides comes with the head.
#[test]
fn nobody_sends_a_body_for_nothing() {
    let service = Service::start();
    let mut client = crate::support::http::Client::connect(&service.address("public"));
    client.send(format!(
        "POST {SLOTS} HTTP/1.1\r\nHost: h\r\n{JSON}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"
    ));
    assert_eq!(client.answer(true).status, 401);
}

#[test]
fn a_caller_exists_and_one_who_was_erased_comes_back() {
    let service = Service::start_with(&configuration(FREE_PORTS, "[auth]\nprovisioning = true"));
    let hook = |call: &str| {
        let form = [("user", "alice"), ("server", "localhost")];
        let answer = post_form(&service.address("hook"), call, &form);
        (answer.status, answer.text().to_owned())
    };
    let exists = || hook("/user_exists").1 == "true";
    wait_until("the users are known", || !exists());
    let alice = App::of(&service, "alice");
    alice.upload("one", b"data");
    assert!(exists());
    let hoarded = Slot::new(Kind::V, "alice", "hoarded", 4);

    assert_eq!(hook("/remove_user").0, 204);
    assert!(!exists());
    assert_eq!(hoarded.put(&service, 4).status, 410);
    // As with a login: the token is good, so he is back.
    assert_eq!(alice.names(), Vec::<String>::new());
    assert!(exists());
    alice.upload("two", b"data");
    assert_eq!(alice.names(), ["two"]);
}

#[test]
fn who_was_forgotten_on_the_command_line_has_nothing_left() {
    let service = Service::start();
    let alice = App::of(&service, "alice");
    alice.upload("one", b"data");
    let config = service.folder().path().join("sidecar.toml");
    wait_until("she is written down", || {
        service.stored_files().iter().any(|file| file.to_string_lossy().contains("/users/"))
    });
    let done = Command::new(PROGRAM)
        .args(["user", "forget", "--config"])
        .arg(config)
        .arg("alice@localhost")
        .output();
    assert!(done.expect("runs").status.success());
    assert_eq!(alice.names(), Vec::<String>::new());
}

#[test]
fn it_can_be_turned_off() {
    let service = Service::start_with(&configuration(&format!("{FREE_PORTS}\napi = false"), ""));
    for (method, target) in CALLS {
        let headers = format!("{}{JSON}Content-Length: 0\r\n", bearer(&good("alice")));
        let answer = request(&service.address("public"), method, target, &headers, b"");
        let status = if method == "GET" { 404 } else { 405 };
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("text/plain; charset=utf-8")),
            "{method}"
        );
    }
}
