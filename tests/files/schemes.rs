//! Upload tokens: who signed what, and which of several proofs counts.

use std::process::Command;

use crate::door::{Door, HASH, at, settings, signed};
use crate::support::{PROGRAM, UPLOAD_SECRET, tokens};

const ALL: &str = "accept = ['v', 'v2', 'token']";
const UNKNOWN: &str = "application/octet-stream";

fn path() -> String {
    format!("{HASH}/r/cat.jpg")
}

/// The target of [`path`] with this query.
fn with(query: &str) -> String {
    format!("{}?{query}", at(&path()))
}

/// A refusal of four bytes at this query.
fn refused(door: &Door, query: &str, reason: &str) {
    door.refuses(query, (403, reason), |door| door.put(&with(query), "", b"data"));
}

/// Otherwise they would only agree with each other.
#[test]
fn the_signers_of_these_tests_give_the_published_vectors() {
    assert_eq!(
        tokens::v_with("secret string", "foo/bar.jpg", 1_048_576),
        "e6df55a04516617d6a86ad6ca23879819591085a1a8c0041f4da06824f5d2db7"
    );
    assert_eq!(
        tokens::v2_with("secret string", "foo/bar.jpg", 1_048_576, "image/jpeg"),
        "a19d27add075aa60035e27c05e794f13079ba48c508852b3d7160a6bec0f85ab"
    );
    assert_eq!(
        tokens::v_with("mysecret", "thomas/abc/catmetal.jpg", 23_026),
        "7b8879e2d1c733b423a70cde30cecc3a3c64a03f790d1b5bcbb2a6aca52b477e"
    );
    assert_eq!(
        tokens::v2_with("mysecret", "thomas/abc/catmetal.jpg", 23_026, "image/jpeg"),
        "7318cd44d4c40731e3b2ff869f553ab2326eae631868e7b8054db20d4aee1c06"
    );
}

#[test]
fn each_version_is_taken_where_it_is_accepted() {
    let door = Door::with(ALL, "");
    for (number, (name, content_type)) in
        [("v2", "image/jpeg"), ("token", "image/jpeg"), ("v2", "text/plain; charset=utf-8"), ("token", "A/B")]
            .into_iter()
            .enumerate()
    {
        let path = format!("{HASH}/{number}/cat.jpg");
        let target = format!("{}?{name}={}", at(&path), tokens::v2(&path, 4, content_type));
        let headers = format!("Content-Type: {content_type}\r\n");
        assert_eq!(door.put(&target, &headers, b"data").status, 201, "{name} {content_type}");
        let got = door.get(&path, "");
        assert_eq!((got.header("content-type"), got.text()), (Some(content_type), "data"));
    }
    door.store(&format!("{HASH}/v/cat.jpg"), "image/jpeg", b"data");
}

#[test]
fn without_a_type_octet_stream_is_signed() {
    let door = Door::with(ALL, "");
    for name in ["v2", "token"] {
        let path = format!("{HASH}/{name}/cat.jpg");
        let target = |content_type| format!("{}?{name}={}", at(&path), tokens::v2(&path, 4, content_type));
        // The name's ending tells nothing.
        for other in ["image/jpeg", ""] {
            door.refuses(other, (403, "mac_invalid"), |door| door.put(&target(other), "", b"data"));
        }
        assert_eq!(door.put(&target(UNKNOWN), "", b"data").status, 201);
        assert_eq!(door.get(&path, "").header("content-type"), Some(UNKNOWN));
    }
}

#[test]
fn the_later_versions_sign_the_type() {
    let door = Door::with(ALL, "");
    for name in ["v2", "token"] {
        let target = with(&format!("{name}={}", tokens::v2(&path(), 4, "image/jpeg")));
        for headers in [
            "",
            "Content-Type: image/png\r\n",
            "Content-Type: text/html\r\n",
            "Content-Type: image/jpeg; charset=utf-8\r\n",
            "Content-Type: application/octet-stream\r\n",
        ] {
            door.refuses(headers, (403, "mac_invalid"), |door| door.put(&target, headers, b"data"));
        }
        let jpeg = "Content-Type: image/jpeg\r\n";
        door.refuses("size", (403, "mac_invalid"), |door| door.put(&target, jpeg, b"other"));
    }
    door.assert_empty();
}

#[test]
fn one_version_is_not_another() {
    let door = Door::with(ALL, "");
    let (v, v2) = (tokens::v(&path(), 4), tokens::v2(&path(), 4, UNKNOWN));
    for query in [format!("v2={v}"), format!("token={v}"), format!("v={v2}")] {
        refused(&door, &query, "mac_invalid");
    }
    door.assert_empty();
}

#[test]
fn only_accepted_versions_count() {
    let (v, v2) = (tokens::v(&path(), 4), tokens::v2(&path(), 4, UNKNOWN));
    let all = [format!("v={v}"), format!("v2={v2}"), format!("token={v2}")];
    for (accept, taken) in [("", 0), ("accept = ['v']", 0), ("accept = ['v2']", 1), ("accept = ['token']", 2)]
    {
        let door = Door::with(accept, "");
        for (number, query) in all.iter().enumerate() {
            if number != taken {
                refused(&door, query, "scheme_not_accepted");
            }
        }
        door.assert_empty();
        assert_eq!(door.put(&with(&all[taken]), "", b"data").status, 201, "{accept}");
    }
}

#[test]
fn the_highest_version_counts() {
    let (v, v2) = (tokens::v(&path(), 4), tokens::v2(&path(), 4, UNKNOWN));
    let wrong = "0".repeat(64);
    let strict = Door::open();
    for query in [format!("v={v}&v2={v2}"), format!("token={v2}&v={v}"), format!("v={v}&v2={wrong}")] {
        refused(&strict, &query, "scheme_not_accepted");
    }
    strict.assert_empty();

    let door = Door::with(ALL, "");
    refused(&door, &format!("v={v}&v2={wrong}"), "mac_invalid");
    refused(&door, &format!("token={wrong}&v={v}"), "mac_invalid");
    refused(&door, &format!("v={v}&v2=x"), "token_malformed");
    refused(&door, &format!("v={v}&token="), "token_malformed");
    door.assert_empty();
    assert_eq!(door.put(&with(&format!("v={wrong}&v2={v2}")), "", b"data").status, 201);
}

#[test]
fn a_parameter_comes_once() {
    let door = Door::with(ALL, "");
    let (v, v2) = (tokens::v(&path(), 4), tokens::v2(&path(), 4, UNKNOWN));
    let wrong = "0".repeat(64);
    for query in [
        format!("v={v}&v={v}"),
        format!("v={v}&v={wrong}"),
        format!("v={wrong}&x=1&v={v}"),
        format!("v={v}&v="),
        format!("v2={v2}&v2={v2}"),
        format!("v2={v2}&v2={wrong}"),
        format!("token={v2}&token={v2}"),
        format!("token={wrong}&token={v2}"),
    ] {
        refused(&door, &query, "token_malformed");
    }
    door.assert_empty();
}

#[test]
fn a_token_is_sixty_four_hex_digits() {
    let door = Door::with(ALL, "");
    let (v, v2) = (tokens::v(&path(), 4), tokens::v2(&path(), 4, UNKNOWN));
    for (name, mac) in [("v", &v), ("v2", &v2), ("token", &v2)] {
        for malformed in [
            String::new(),
            "thisisinvalid".to_owned(),
            mac[..63].to_owned(),
            mac[..62].to_owned(),
            format!("{mac}0"),
            format!("{mac}00"),
            format!("0x{}", &mac[2..]),
            format!("{}g", &mac[..63]),
            format!("{mac}%00"),
            format!("{}é", &mac[..62]),
        ] {
            refused(&door, &format!("{name}={malformed}"), "token_malformed");
        }
        refused(&door, &format!("{name}={}", "0".repeat(64)), "mac_invalid");
    }
    for query in ["", "x=1", "V=", "vv=2", "v3=x", "Token=x", "&&", "=", "="] {
        refused(&door, query, "token_missing");
    }
    for query in [format!("V={v}"), format!("xv={v}"), format!("a;v={v}")] {
        refused(&door, &query, "token_missing");
    }
    door.refuses("none", (403, "token_missing"), |door| door.put(&at(&path()), "", b"data"));
    door.assert_empty();
}

#[test]
fn hex_digits_may_be_large_and_other_parameters_do_not_matter() {
    let door = Door::with(ALL, "");
    for (number, (before, after)) in
        [("", ""), ("x=1&", "&y=2"), ("&", "&"), ("flag&", "&v3=x")].into_iter().enumerate()
    {
        let path = format!("{HASH}/{number}/cat.jpg");
        let mac = tokens::v(&path, 4).to_ascii_uppercase();
        let target = format!("{}?{before}v={mac}{after}", at(&path));
        assert_eq!(door.put(&target, "", b"data").status, 201, "{before} {after}");
    }
}

#[test]
fn an_authorization_header_is_all_that_counts() {
    let door = Door::with(ALL, "");
    let good = signed(&path(), 4);
    for authorization in
        ["Bearer x", &format!("Bearer {}", tokens::v(&path(), 4)), "Basic YTpi", "", "bearer", "Negotiate"]
    {
        let headers = format!("Authorization: {authorization}\r\n");
        for target in [good.clone(), at(&path()), with("v=x")] {
            let answer = door.refuses(&headers, (401, "authorization_not_accepted"), |door| {
                door.put(&target, &headers, b"data")
            });
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    door.assert_empty();
    assert_eq!(door.put(&good, "", b"data").status, 201);
    // Who reads needs no proof, and some send one all the same.
    assert_eq!(door.get(&path(), "Authorization: Bearer x\r\n").status, 200);
}

#[test]
fn the_first_secret_signs_and_all_verify() {
    const NEW: &str = "the-new-upload-secret-0123456789";
    const GONE: &str = "a-removed-upload-secret-0123456789";
    let configuration = settings(ALL, "")
        .replace(&format!("\"{UPLOAD_SECRET}\""), &format!("\"{NEW}\", \"{UPLOAD_SECRET}\""));
    let door = Door::of(crate::support::Service::start_with(&configuration));
    for (number, secret) in [NEW, UPLOAD_SECRET].into_iter().enumerate() {
        for (name, mac) in [
            ("v", tokens::v_with(secret, format!("{HASH}/{number}v/cat.jpg"), 4)),
            ("v2", tokens::v2_with(secret, &format!("{HASH}/{number}v2/cat.jpg"), 4, UNKNOWN)),
        ] {
            let target = format!("{}?{name}={mac}", at(&format!("{HASH}/{number}{name}/cat.jpg")));
            assert_eq!(door.put(&target, "", b"data").status, 201, "{secret} {name}");
        }
    }
    refused(&door, &format!("v={}", tokens::v_with(GONE, path(), 4)), "mac_invalid");
    refused(&door, &format!("v2={}", tokens::v2_with(GONE, &path(), 4, UNKNOWN)), "mac_invalid");

    let file = door.service.folder().path().join("sidecar.toml");
    let sign = ["url", "sign", "--user", "alice@localhost", "--size", "4", "cat.jpg", "--config"];
    let output = Command::new(PROGRAM).args(sign).arg(file).output().expect("program starts");
    let url = String::from_utf8(output.stdout).expect("text");
    let (address, mac) = url.trim().split_once("?v=").expect("a v token");
    let (_, path) = address.split_once(&at("")).expect("below the public_url");
    assert_eq!(mac, tokens::v_with(NEW, path, 4));
}

#[test]
fn each_vhost_has_its_own_secrets_and_versions() {
    const OTHER: &str = "the-other-upload-secret-0123456789";
    let other = format!(
        "[[hosts.'other.example'.issuers]]\nissuer = 'other'\nsecret = 'another-issuer-secret-0123456789-abcdef'\n\
         [hosts.'other.example'.upload]\naccept = ['v2']\nsecrets = ['{OTHER}']\nmax_size = '10B'"
    );
    let door = Door::with("", &other);
    let at_other = |query: String| format!("/upload/other.example/{}?{query}", path());
    let put = |target: &str| door.put(target, "", b"data");
    let (mine, theirs) = (tokens::v2(&path(), 4, UNKNOWN), tokens::v2_with(OTHER, &path(), 4, UNKNOWN));
    for (target, reason) in [
        (at_other(format!("v={}", tokens::v_with(OTHER, path(), 4))), "scheme_not_accepted"),
        (at_other(format!("v2={mine}")), "mac_invalid"),
        (with(&format!("v={}", tokens::v_with(OTHER, path(), 4))), "mac_invalid"),
        (with(&format!("v2={mine}")), "scheme_not_accepted"),
    ] {
        door.refuses(&target, (403, reason), |_| put(&target));
    }
    let large = at_other(format!("v2={}", tokens::v2_with(OTHER, &path(), 11, UNKNOWN)));
    door.refuses("11 bytes", (413, "too_large"), |door| door.put(&large, "", b"eleven byte"));
    door.assert_empty();
    assert_eq!(put(&at_other(format!("v2={theirs}"))).status, 201);
    assert_eq!(door.get(&path(), "").status, 404, "that is the other vhost's file");
    assert_eq!(put(&signed(&path(), 4)).status, 201);
    let metrics = crate::support::http::get(&door.service.address("ops"), "/metrics");
    for vhost in ["localhost", "other.example"] {
        let stored = format!("uploads_total{{vhost=\"{vhost}\",outcome=\"stored\",reason=\"none\"}} 1\n");
        assert!(metrics.text().contains(&stored), "{stored}: {}", metrics.text());
    }
}

#[test]
fn no_token_is_in_the_log() {
    let door = Door::with(ALL, "");
    let v2 = tokens::v2(&path(), 4, UNKNOWN);
    let tokens = [tokens::v(&path(), 4), v2.clone(), v2.to_ascii_uppercase()];
    refused(&door, &format!("v={}&v={}", tokens[0], tokens[0]), "token_malformed");
    refused(&door, &format!("token={}", tokens[0]), "mac_invalid");
    let target = with(&format!("v2={}", tokens[2]));
    assert_eq!(door.put(&target, "", b"data").status, 201);
    door.refuses("again", (409, "exists"), |door| door.put(&target, "", b"data"));
    for token in tokens {
        assert!(!door.service.log().contains(&token), "an upload token is in the log");
    }
    assert!(!door.service.log().contains("cat.jpg"), "a path is in the log: {}", door.service.log());
}
