//! `POST /api/v1/slots`

use serde_json::{Value, json};

use crate::app::{App, counted, error, files, json_of, send, target, text};
use crate::support::http::get;
use crate::support::metrics::value;
use crate::support::{Service, tokens, wait_until, with_upload};

#[test]
fn a_slot_takes_its_file_once_and_leads_to_it() {
    let service = Service::start();
    let alice = App::of(&service, "alice");
    let logged = service.log().len();
    let wish = json!({"filename": "Gr\u{fc}\u{df}e 1+1.txt", "size": 4, "content_type": "text/plain"});
    let answer = alice.slot(&wish);
    assert_eq!(answer.status, 201, "{answer:?}");
    service.wait_for_log_since(
        logged,
        &["slot", "user=\"alice@localhost\"", "door=\"api\"", "outcome=\"issued\""],
    );
    let slot = json_of(&answer);
    let members: Vec<_> = slot.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(members, ["expires", "get", "put"]);
    let expires = humantime::parse_rfc3339(&text(&slot["expires"])).expect("a date");
    let expires = expires.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!((tokens::now() + 200..=tokens::now() + 300).contains(&expires), "{slot}");

    let typed = "Content-Type: text/plain\r\n";
    assert_eq!(send(&service, &slot, "Content-Type: text/html\r\n", b"data"), 415, "another type");
    assert_eq!(send(&service, &slot, typed, b"data!"), 401, "another size");
    assert_eq!(
        send(&service, &json!({"put": {"url": slot["put"]["url"], "headers": {}}}), typed, b"data"),
        401
    );
    assert_eq!(send(&service, &slot, typed, b"data"), 201);
    assert_eq!(send(&service, &slot, typed, b"data"), 409, "again");
    let got = get(&service.address("public"), &target(&slot["get"]["url"]));
    assert_eq!((got.text(), got.header("content-type")), ("data", Some("text/plain")));

    assert_eq!(counted(&service, "slot", "done", "none"), 1);
    let issued = "ejabberd_sidecar_slots_total{vhost=\"localhost\",outcome=\"issued\",reason=\"none\"}";
    assert_eq!(value(&service, issued), 1);
    let log = service.log();
    let mac = text(&slot["put"]["headers"]["Authorization"]).replace("Bearer ", "");
    let path = target(&slot["get"]["url"]);
    for secret in [mac.as_str(), path.rsplit('/').nth(1).expect("a random part")] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn a_malformed_wish_is_refused() {
    let service = Service::start();
    let alice = App::of(&service, "alice");
    let good = json!({"filename": "a", "size": 4});
    let with = |member: &str, value: Value| {
        let mut wish = good.clone();
        wish[member] = value;
        wish.to_string()
    };
    for body in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "{}".to_owned(),
        format!("{good}{good}"),
        json!({"filename": "a"}).to_string(),
        json!({"size": 4}).to_string(),
        with("size", json!("4")),
        with("size", json!(-4)),
        with("size", json!(4.5)),
        with("size", json!(null)),
        with("size", json!(1e30)),
        with("filename", json!("")),
        with("filename", json!(7)),
        with("content_type", json!("no type")),
        with("content_type", json!("text/plain, text/html")),
        with("purpose", json!("fun")),
        with("user", json!("bob@localhost")),
        "{\"filename\":\"a\",\"size\":4,\"size\":5}".to_owned(),
        "{\"filename\":\"\u{1}\",\"size\":4}".to_owned(),
    ] {
        let logged = service.log().len();
        let answer = alice.ask("POST", crate::app::SLOTS, &body);
        assert_eq!(error(&answer), (400, "slot_request_malformed".to_owned()), "{body}");
        service.wait_for_log_since(logged, &["slot: ", "door=\"api\"", "reason=\"slot_request_malformed\""]);
    }
    for (member, value) in
        [("content_type", json!(null)), ("purpose", json!(null)), ("purpose", json!("profile"))]
    {
        assert_eq!(alice.ask("POST", crate::app::SLOTS, &with(member, value)).status, 201, "{member}");
    }
    assert_eq!(counted(&service, "slot", "refused", "slot_request_malformed"), 21);
}

#[test]
fn the_vhosts_rules_hold() {
    let upload = "quota_per_user = '1000B'\ndenied_extensions = 'exe'\ndenied_types = 'text/html'\n\
                  retention = '1d'\nretention_by_purpose = {ephemeral = '1h'}";
    let service = Service::start_with(&with_upload(upload, ""));
    let alice = App::of(&service, "alice");
    for (wish, refusal) in [
        (json!({"filename": "a", "size": 1_048_577}), (413, "too_large")),
        (json!({"filename": "a", "size": u64::MAX}), (413, "too_large")),
        (json!({"filename": "a.exe", "size": 4}), (415, "extension_not_allowed")),
        (json!({"filename": "a", "size": 4, "content_type": "text/html"}), (415, "type_not_allowed")),
        (json!({"filename": "a", "size": 4, "purpose": "permanent"}), (403, "purpose_not_allowed")),
        (json!({"filename": "a", "size": 1001}), (507, "quota_user")),
    ] {
        let answer = alice.slot(&wish);
        assert_eq!(error(&answer), (refusal.0, refusal.1.to_owned()), "{wish}");
        assert!(counted(&service, "slot", "refused", refusal.1) >= 1, "{wish}");
    }
    let short = alice.slot(&json!({"filename": "a", "size": 4, "purpose": "ephemeral"}));
    assert_eq!(send(&service, &json_of(&short), "", b"data"), 201);
    alice.upload("b", b"data");
    let page = alice.list("");
    let mut kept: Vec<_> = files(&page)
        .iter()
        .map(|file| {
            let until = humantime::parse_rfc3339(&text(&file["keep_until"])).expect("a date");
            let left =
                until.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs() - tokens::now();
            (text(&file["name"]), left / 3600)
        })
        .collect();
    kept.sort_unstable();
    assert!(kept[0].0 == "a" && kept[0].1 <= 1 && kept[1].0 == "b" && kept[1].1 >= 23, "{kept:?}");
    assert_eq!(page["quota"], 1000);
}

#[test]
fn a_vhost_without_slots_of_ours_issues_none() {
    let service = Service::start_with(&with_upload("accept = 'v'", ""));
    let answer = App::of(&service, "alice").slot(&json!({"filename": "a", "size": 4}));
    assert_eq!(error(&answer), (403, "scheme_not_accepted".to_owned()));
}

#[test]
fn a_user_asks_so_often_within_a_minute_and_others_are_not_harmed() {
    let limits = "[limits]\nslots_per_minute = 3\napi_requests_per_minute = 3";
    let service = Service::start_with(&with_upload("", limits));
    let (alice, bob) = (App::of(&service, "alice"), App::of(&service, "bob"));
    let wish = json!({"filename": "a", "size": 4});
    let too_often = |what: &dyn Fn() -> crate::support::http::Answer, reason: &str| {
        // A minute may end meanwhile.
        wait_until("it is too much", || {
            let answer = what();
            if answer.status != 429 {
                return false;
            }
            assert_eq!(error(&answer).1, reason);
            let retry: u64 = answer.header("retry-after").expect("told").parse().expect("seconds");
            assert!((1..=60).contains(&retry), "{retry}");
            true
        });
    };
    too_often(&|| alice.slot(&wish), "slot_rate");
    assert_eq!(bob.slot(&wish).status, 201);
    too_often(&|| alice.ask("GET", crate::app::UPLOADS, ""), "request_rate");
    too_often(&|| alice.remove("a/b"), "request_rate");
    bob.list("");
    assert!(counted(&service, "list", "refused", "request_rate") >= 1);
}
