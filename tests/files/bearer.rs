//! Slots of our own: whoever holds one may store one file, and nothing beside it. Made here with other code than the one that judges them.

use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::Sha256;

use crate::door::{Door, HASH, at, settings, signed};
use crate::support::http::Answer;
use crate::support::{PROGRAM, Service, UPLOAD_SECRET, tokens};

const BOB: &str = "fcade7a52abe51de5b800eba14c2fb99640852e4";
const DATA: &[u8] = b"data";

/// A slot of alice at localhost for four bytes, unless it is said otherwise.
#[derive(Clone, Debug)]
struct Slot {
    secret: String,
    vhost: &'static str,
    user: &'static str,
    path: String,
    size: usize,
    content_type: &'static str,
    keep: String,
    expires: String,
}

impl Slot {
    fn of(random: &str) -> Self {
        Self {
            secret: UPLOAD_SECRET.to_owned(),
            vhost: "localhost",
            user: "alice@localhost",
            path: format!("{HASH}/{random}/cat.jpg"),
            size: DATA.len(),
            content_type: "",
            keep: String::new(),
            expires: (tokens::now() + 3000).to_string(),
        }
    }

    fn mac(&self) -> Vec<u8> {
        let Self { vhost, user, path, size, content_type, keep, expires, .. } = self;
        let text = format!("put/1\0{vhost}\0{user}\0{path}\0{size}\0{content_type}\0{keep}\0{expires}");
        hmac(&derived(&self.secret), text.as_bytes())
    }

    fn token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.mac())
    }

    fn query(&self) -> String {
        let escaped = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let mut query = format!("user={}&expires={}", escaped(self.user), self.expires);
        if !self.content_type.is_empty() {
            query = format!("{query}&type={}", escaped(self.content_type));
        }
        if self.keep.is_empty() { query } else { format!("{query}&keep={}", self.keep) }
    }

    fn target(&self) -> String {
        format!("/upload/{}/{}?{}", self.vhost, self.path, self.query())
    }

    fn header(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token())
    }

    fn target_with_token(&self) -> String {
        format!("{}&token={}", self.target(), self.token())
    }

    fn path_token(&self) -> String {
        let Self { user, content_type, keep, expires, .. } = self;
        let terms = format!("{user}\0{content_type}\0{keep}\0{expires}");
        URL_SAFE_NO_PAD.encode([self.mac(), terms.into_bytes()].concat())
    }

    fn tokened_target(&self) -> String {
        format!("/upload/t/{}/{}/{}", self.path_token(), self.vhost, self.path)
    }

    /// Targets with headers: the token in a header, in the query, in the path.
    fn ways(&self) -> [(String, String); 3] {
        [
            (self.target(), self.header()),
            (self.target_with_token(), String::new()),
            (self.tokened_target(), String::new()),
        ]
    }

    /// All three are refused, told and counted.
    #[track_caller]
    fn refused(&self, door: &Door, what: &str, (status, reason): (u16, &str)) {
        for (target, headers) in self.ways() {
            let answer =
                door.refuses((what, &target), (status, reason), |door| door.put(&target, &headers, DATA));
            assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"), "{what}");
            assert!(!answer.text().contains(&self.token()), "{what}");
        }
    }
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

/// RFC 5869 by hand, without salt.
fn derived(secret: &str) -> Vec<u8> {
    let extracted = hmac(&[0; 32], secret.as_bytes());
    hmac(&extracted, b"ejabberd-sidecar upload bearer put/1\x01")
}

/// Takes tokens in the query as well.
fn lenient() -> Door {
    Door::with("token_in_url = true", "")
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Otherwise they would only agree with each other. Made with Python.
#[test]
fn the_slots_of_these_tests_are_the_written_vectors() {
    let vector = Slot {
        secret: "mysecret".to_owned(),
        path: format!("{HASH}/4f9d2c1e-7a3b-4c5d-8e6f-0a1b2c3d4e5f/grüße.png"),
        size: 23_026,
        content_type: "image/png",
        keep: "1900000000".to_owned(),
        expires: "1800000300".to_owned(),
        ..Slot::of("")
    };
    assert_eq!(vector.token(), "qbIhXeboqAq_PkR0Yac0ydJd26u80a5SSA8gahasmaE");
    assert_eq!(
        vector.path_token(),
        "qbIhXeboqAq_PkR0Yac0ydJd26u80a5SSA8gahasmaFhbGljZUBsb2NhbGhvc3QAaW1hZ2UvcG5nADE5MDAwMDAwMDAAMTgwMDAwMDMwMA"
    );
}

#[test]
fn a_slot_takes_its_file_in_each_of_three_ways() {
    let door = lenient();
    for (number, keep) in [(0, ""), (1, "1900000000")] {
        for way in 0..3 {
            let slot = Slot { keep: keep.to_owned(), ..Slot::of(&format!("{number}{way}")) };
            let (target, headers) = &slot.ways()[way];
            let logged = door.service.log().len();
            let answer = door.put(target, headers, DATA);
            assert_eq!(answer.status, 201, "{slot:?}: {answer:?}");
            assert_told(&answer);
            assert_eq!(door.get(&slot.path, "").text(), "data");
            let who =
                ["outcome=\"stored\"", "user=\"alice@localhost\"", "vhost=\"localhost\"", HASH, "client="];
            door.service.wait_for_log_since(logged, &who);
        }
    }
}

/// What the uploader reads.
fn assert_told(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!((&told["success"], &told["filename"]), (&true.into(), &"cat.jpg".into()));
    assert_eq!((&told["size"], &told["user"]), (&4.into(), &"alice@localhost".into()));
    let at = told["uploaded_at"].as_str().expect("a time");
    assert!(at.len() == 20 && at.ends_with('Z'), "{at}");
    assert_eq!(told.as_object().expect("an object").len(), 5, "{told}");
}

#[test]
fn the_tokens_of_xmpp_servers_are_answered_as_before() {
    let answer = Door::open().put(&signed(&format!("{HASH}/r/cat.jpg"), 4), "", DATA);
    assert_eq!((answer.status, answer.text(), answer.header("content-type")), (201, "", None));
}

#[test]
fn the_type_is_the_slots_or_as_it_is_sent() {
    let door = lenient();
    let png = |random: &str| Slot { content_type: "image/png", ..Slot::of(random) };
    for (slot, sent, stored) in [
        (png("1"), "Content-Type: image/png\r\n", "image/png"),
        (png("2"), "", "image/png"),
        (Slot::of("3"), "Content-Type: text/plain; charset=utf-8\r\n", "text/plain; charset=utf-8"),
        (Slot::of("4"), "", "application/octet-stream"),
    ] {
        let answer = door.put(&slot.target(), &format!("{}{sent}", slot.header()), DATA);
        assert_eq!(answer.status, 201, "{slot:?} {sent}");
        assert_eq!(door.get(&slot.path, "").header("content-type"), Some(stored), "{slot:?} {sent}");
    }
    let slot = png("5");
    for other in ["image/jpeg", "text/html", "image/png; x=y", "application/octet-stream"] {
        let sent = format!("Content-Type: {other}\r\n");
        let headers = format!("{}{sent}", slot.header());
        door.refuses(other, (415, "type_mismatch"), |door| door.put(&slot.target(), &headers, DATA));
        door.refuses(other, (415, "type_mismatch"), |door| door.put(&slot.tokened_target(), &sent, DATA));
    }
    assert_eq!(door.get(&slot.path, "").status, 404);
}

#[test]
fn what_the_vhost_does_not_take_it_does_not_take_by_a_slot_either() {
    let door = Door::with("denied_types = 'image/png'\ndenied_extensions = 'exe'\ntoken_in_url = true", "");
    Slot { content_type: "image/png", ..Slot::of("1") }.refused(&door, "type", (415, "type_not_allowed"));
    let program = Slot { path: format!("{HASH}/r/cat.exe"), ..Slot::of("") };
    program.refused(&door, "extension", (415, "extension_not_allowed"));
    let large = Slot { size: 2 << 20, ..Slot::of("2") };
    let headers = format!("{}Content-Length: {}\r\n", large.header(), large.size);
    door.refuses("size", (413, "too_large"), |door| door.ask("PUT", &large.target(), &headers, b""));
    door.assert_empty();
}

/// Each term is signed: who changes one has no slot.
#[test]
fn a_slot_is_for_nothing_else() {
    let door = lenient();
    let good = Slot::of("r");
    let later = (tokens::now() + 3050).to_string();
    let used_for = |used: Slot| {
        // Its URL says one thing, and its token was made for another.
        [(format!("{}&token={}", used.target(), good.token()), String::new()), (used.target(), good.header())]
    };
    for (what, used) in [
        ("path", Slot { path: format!("{HASH}/r/dog.jpg"), ..good.clone() }),
        ("random", Slot { path: format!("{HASH}/s/cat.jpg"), ..good.clone() }),
        ("type", Slot { content_type: "image/png", ..good.clone() }),
        ("keep", Slot { keep: later.clone(), ..good.clone() }),
        ("expires", Slot { expires: later, ..good.clone() }),
        ("user", Slot { user: "bob@localhost", path: format!("{BOB}/r/cat.jpg"), ..good.clone() }),
    ] {
        for (target, headers) in used_for(used) {
            door.refuses((what, &target), (401, "bearer_invalid"), |door| door.put(&target, &headers, DATA));
        }
    }
    for body in [&b"dat"[..], b"data "] {
        door.refuses("size", (401, "bearer_invalid"), |door| door.put(&good.target(), &good.header(), body));
        door.refuses("size", (401, "bearer_invalid"), |door| door.put(&good.tokened_target(), "", body));
    }
    let moved = good.tokened_target().replace("/cat.jpg", "/dog.jpg");
    door.refuses("path", (401, "bearer_invalid"), |door| door.put(&moved, "", DATA));
    Slot { secret: "a-secret-that-was-taken-out-0123456789".to_owned(), ..good.clone() }.refused(
        &door,
        "secret",
        (401, "bearer_invalid"),
    );
    door.assert_empty();
    assert_eq!(door.put(&good.target(), &good.header(), DATA).status, 201);
}

#[test]
fn the_user_belongs_to_the_vhost_and_to_the_path() {
    let door = lenient();
    let good = Slot::of("r");
    for other in [
        Slot { user: "bob@localhost", ..good.clone() },
        Slot { user: "alice@other.example", ..good.clone() },
        Slot { user: "localhost", ..good.clone() },
        Slot { path: "r/cat.jpg".to_owned(), ..good.clone() },
        Slot { path: format!("{}/r/cat.jpg", HASH.to_ascii_uppercase()), ..good.clone() },
    ] {
        let header = other.header();
        door.refuses(&other, (401, "bearer_user_mismatch"), |door| door.put(&other.target(), &header, DATA));
    }
    for malformed in ["Alice@localhost", "alice@localhost/phone", "", "a b@localhost", "@localhost"] {
        let other = Slot { user: malformed, ..good.clone() };
        other.refused(&door, malformed, (401, "bearer_malformed"));
    }
    door.assert_empty();
}

#[test]
fn vhosts_do_not_take_each_others_slots_even_with_one_secret() {
    let other = format!(
        "[[hosts.'other.example'.issuers]]\nissuer = 'other'\nsecret = 'another-issuer-secret-0123456789-abcdef'\n\
         [hosts.'other.example'.upload]\nsecrets = ['{UPLOAD_SECRET}']\naccept = 'bearer'"
    );
    let door = Door::with("token_in_url = true", &other);
    let slot = Slot::of("r");
    let at_other = slot.target().replace("/localhost/", "/other.example/");
    door.refuses("vhost", (401, "bearer_user_mismatch"), |door| door.put(&at_other, &slot.header(), DATA));
    let at_other = slot.tokened_target().replace("/localhost/", "/other.example/");
    door.refuses("vhost", (401, "bearer_user_mismatch"), |door| door.put(&at_other, "", DATA));
    // Even where the signer got the vhost wrong.
    let confused = Slot { vhost: "other.example", ..slot.clone() };
    let target = confused.target().replace("/other.example/", "/localhost/");
    door.refuses("vhost", (401, "bearer_invalid"), |door| door.put(&target, &confused.header(), DATA));
    // Where nothing else is accepted, a slot is what is missing.
    door.refuses("no token", (401, "bearer_missing"), |door| {
        door.put(&format!("/upload/other.example/{}", slot.path), "", DATA)
    });
    door.assert_empty();
}

#[test]
fn a_slot_ends() {
    let door = lenient();
    let now = tokens::now();
    for ago in [0, 1, 3600, now] {
        let slot = Slot { expires: (now - ago).to_string(), ..Slot::of("r") };
        slot.refused(&door, &format!("{ago} s ago"), (410, "slot_expired"));
    }
    // slot_ttl and an hour, with a minute for a slow machine.
    for ahead in [300 + 3600 + 60, 365 * 86_400] {
        let slot = Slot { expires: (now + ahead).to_string(), ..Slot::of("r") };
        slot.refused(&door, &format!("in {ahead} s"), (401, "slot_lives_too_long"));
    }
    // It tells nothing to those who did not have it.
    let forged = Slot { expires: "1".to_owned(), ..Slot::of("r") };
    let header = Slot::of("r").header();
    door.refuses("forged", (401, "bearer_invalid"), |door| door.put(&forged.target(), &header, DATA));
    door.assert_empty();
}

#[test]
fn a_slot_is_used_once() {
    let door = lenient();
    let slot = Slot::of("r");
    assert_eq!(door.put(&slot.target(), &slot.header(), DATA).status, 201);
    let logged = door.service.log().len();
    slot.refused(&door, "again", (409, "exists"));
    door.service.wait_for_log_since(logged, &["reason=\"exists\"", "user=\"alice@localhost\""]);
    assert_eq!(door.put(&signed(&slot.path, 4), "", b"DATA").status, 409);
    assert_eq!(door.get(&slot.path, "").text(), "data");
}

#[test]
fn a_header_is_all_that_counts() {
    let door = lenient();
    let slot = Slot::of("r");
    let (good, wrong) = (slot.header(), bearer(&Slot::of("s").token()));
    let (basic, v) =
        ("Authorization: Basic YTpi\r\n", format!("{}&v={}", slot.target(), tokens::v(&slot.path, 4)));
    for (what, target, headers, reason) in [
        ("two", slot.target(), format!("{good}{good}"), "authorization_doubled"),
        ("two", slot.target(), format!("{good}{basic}"), "authorization_doubled"),
        ("two, token in the path", slot.tokened_target(), format!("{good}{good}"), "authorization_doubled"),
        ("another scheme", slot.target(), basic.to_owned(), "authorization_not_accepted"),
        ("another scheme, token", slot.target_with_token(), basic.to_owned(), "authorization_not_accepted"),
        ("another scheme, v", v.clone(), basic.to_owned(), "authorization_not_accepted"),
        ("another scheme, path", slot.tokened_target(), basic.to_owned(), "authorization_not_accepted"),
        ("empty", slot.target_with_token(), "Authorization: \r\n".to_owned(), "authorization_not_accepted"),
        (
            "no token",
            slot.target_with_token(),
            "Authorization: Bearer\r\n".to_owned(),
            "authorization_not_accepted",
        ),
        ("wrong, good in the query", slot.target_with_token(), wrong.clone(), "bearer_invalid"),
        ("wrong, good v", v, wrong, "bearer_invalid"),
        // The header's terms would be in the query, and there is none.
        ("good, token in the path", slot.tokened_target(), good.clone(), "bearer_malformed"),
        ("v in the header", slot.target(), bearer(&tokens::v(&slot.path, 4)), "bearer_malformed"),
        ("a JWT", slot.target(), bearer(&tokens::good("alice@localhost")), "bearer_malformed"),
    ] {
        let answer = door.refuses(what, (401, reason), |door| door.put(&target, &headers, DATA));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
    }
    door.assert_empty();
    // A good header beside whatever is in the query.
    let target = format!("{}&token=x&v=x&v2=x", slot.target());
    assert_eq!(door.put(&target, &good.replace("Bearer", "bEARER"), DATA).status, 201);
}

#[test]
fn a_client_that_drops_the_header_is_told_so() {
    let door = Door::open();
    let slot = Slot::of("r");
    let answer = door.refuses("dropped", (401, "bearer_missing"), |door| door.put(&slot.target(), "", DATA));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    let in_query = slot.target_with_token();
    door.refuses("not allowed", (401, "bearer_in_url"), |door| door.put(&in_query, "", DATA));
    door.assert_empty();
    assert_eq!(door.put(&slot.tokened_target(), "", DATA).status, 201, "in the path it always counts");
}

#[test]
fn where_bearer_is_not_accepted_no_slot_is() {
    let door = Door::with("accept = ['v', 'token']\ntoken_in_url = true", "");
    let slot = Slot::of("r");
    for (target, headers, refused) in [
        (slot.target(), slot.header(), (401, "authorization_not_accepted")),
        (slot.target_with_token(), String::new(), (403, "scheme_not_accepted")),
        (slot.tokened_target(), String::new(), (403, "scheme_not_accepted")),
        (slot.target(), String::new(), (403, "token_missing")),
    ] {
        door.refuses(&target, refused, |door| door.put(&target, &headers, DATA));
    }
    door.assert_empty();
}

#[test]
fn a_token_has_one_spelling() {
    let door = lenient();
    let slot = Slot::of("r");
    let (token, in_path) = (slot.token(), slot.path_token());
    // The last of 43 letters has two bits that count for nothing; they have to be zero.
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = letters.find(&token[42..]).expect("base64url");
    let sloppy = format!("{}{}", &token[..42], &letters[last + 1..=last + 1]);
    let hex = hex::encode(slot.mac());
    for malformed in
        [&token[..42], &format!("{token}="), &format!("{token}A"), &sloppy, &hex, "x", "a.b.c", "%41"]
    {
        let headers = bearer(malformed);
        door.refuses(malformed, (401, "bearer_malformed"), |door| door.put(&slot.target(), &headers, DATA));
        let target = format!("{}&token={malformed}", slot.target());
        door.refuses(malformed, (401, "bearer_malformed"), |door| door.put(&target, "", DATA));
    }
    let doubled = format!("{}&token={token}", slot.target_with_token());
    for (what, target) in [
        ("two tokens", doubled),
        ("two users", format!("{}&user=alice@localhost", slot.target_with_token())),
        ("two ends", format!("{}&expires={}", slot.target_with_token(), slot.expires)),
        ("no number", slot.target_with_token().replace("expires=", "expires=0")),
        ("an empty type", format!("{}&type=", slot.target_with_token())),
    ] {
        door.refuses(what, (401, "bearer_malformed"), |door| door.put(&target, "", DATA));
    }
    for malformed in
        [&in_path[..20], &format!("{in_path}="), &in_path[..in_path.len() - 16], "x", &"A".repeat(4000)]
    {
        let target = slot.tokened_target().replace(&in_path, malformed);
        door.refuses(malformed, (401, "bearer_malformed"), |door| door.put(&target, "", DATA));
    }
    door.assert_empty();
}

#[test]
fn a_url_with_a_token_is_for_a_put() {
    let door = Door::open();
    let slot = Slot::of("r");
    assert_eq!(door.put(&slot.tokened_target(), "", DATA).status, 201);
    for method in ["GET", "HEAD"] {
        let answer = door.ask(method, &slot.tokened_target(), "", b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("PUT, OPTIONS")), "{method}");
    }
    let preflight = "Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: authorization,content-type\r\n";
    let answer = door.ask("OPTIONS", &slot.target(), preflight, b"");
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,content-type"));
    // What lies there is not the path's business.
    for (path, refused) in [("..", (400, "path_malformed")), ("a%00b", (400, "path_malformed"))] {
        let target = slot.tokened_target().replace("cat.jpg", path);
        door.refuses(path, refused, |door| door.put(&target, "", DATA));
    }
}

#[test]
fn all_secrets_verify_and_the_first_signs() {
    const NEW: &str = "the-new-upload-secret-0123456789";
    let rotated = settings("token_in_url = true", "")
        .replace(&format!("\"{UPLOAD_SECRET}\""), &format!("\"{NEW}\", \"{UPLOAD_SECRET}\""));
    let door = Door::of(Service::start_with(&rotated));
    for (random, secret) in [("1", NEW), ("2", UPLOAD_SECRET)] {
        let slot = Slot { secret: secret.to_owned(), ..Slot::of(random) };
        assert_eq!(door.put(&slot.target(), &slot.header(), DATA).status, 201, "{secret}");
    }
    let Output { stdout, .. } = sign(&door, &[]);
    let (url, header) = url_and_header(&stdout);
    let (path, query) =
        url.split_once(&at("")).expect("below the public_url").1.split_once('?').expect("a query");
    let expires = query.rsplit_once("expires=").expect("an end").1.to_owned();
    let expected = Slot { secret: NEW.to_owned(), path: path.to_owned(), expires, ..Slot::of("") };
    assert_eq!(
        (query, header),
        (expected.query().as_str(), format!("Authorization: Bearer {}", expected.token()))
    );
}

fn sign(door: &Door, arguments: &[&str]) -> Output {
    let file = door.service.folder().path().join("sidecar.toml");
    let mut command = Command::new(PROGRAM);
    command.args([
        "url",
        "sign",
        "--scheme",
        "bearer",
        "--user",
        "alice@localhost",
        "--size",
        "4",
        "cat.jpg",
    ]);
    command.args(arguments).arg("--config").arg(file).output().expect("program starts")
}

fn url_and_header(stdout: &[u8]) -> (String, String) {
    let text = String::from_utf8(stdout.to_vec()).expect("text");
    let (url, headers) = text.trim_end().split_once('\n').unwrap_or((text.trim_end(), ""));
    (url.to_owned(), headers.to_owned())
}

#[test]
fn slots_made_by_hand_are_taken() {
    let door = lenient();
    for (place, with_header) in [("header", true), ("query", false), ("path", false)] {
        for typed in [false, true] {
            let more: &[&str] = if typed { &["--type", "image/png", "--ttl", "1h"] } else { &[] };
            let output = sign(&door, &[&["--token-in", place], more].concat());
            let (url, headers) = url_and_header(&output.stdout);
            assert_eq!(headers.starts_with("Authorization: Bearer "), with_header, "{output:?}");
            assert_eq!(headers.ends_with("Content-Type: image/png"), typed, "{output:?}");
            let target = &url["http://localhost:8080".len()..];
            let sent: String = headers.lines().flat_map(|line| [line, "\r\n"]).collect();
            let answer = door.put(target, &sent, DATA);
            assert_eq!(answer.status, 201, "{place} {typed}: {answer:?}");
        }
    }
}

#[test]
fn no_token_is_in_the_log() {
    let configuration = format!("{}[log]\nlevel = 'debug'\n", settings("token_in_url = true", ""));
    let door = Door::of(Service::start_with(&configuration));
    let slots = [Slot::of("a"), Slot { content_type: "image/png", ..Slot::of("b") }];
    for slot in &slots {
        let spoilt = slot.path_token().replace('A', "B");
        for (target, headers) in [
            (slot.target(), slot.header()),
            (slot.target_with_token(), String::new()),
            (slot.tokened_target(), String::new()),
            (slot.tokened_target().replace("cat", "dog"), String::new()),
            (slot.tokened_target().replace("/localhost/", "/elsewhere/"), String::new()),
            (slot.tokened_target().replace("cat.jpg", ".."), String::new()),
            (slot.tokened_target().replace(&slot.path_token(), &spoilt), String::new()),
            (slot.target().replace("cat", "dog"), slot.header()),
            (slot.target(), slot.header().replace("Bearer", "Basic")),
            (slot.target(), format!("{0}{0}", slot.header())),
        ] {
            let answer = door.put(&target, &headers, DATA);
            assert!(!answer.text().contains(&slot.token()) && !answer.text().contains(&slot.path_token()));
            assert!(!format!("{:?}", answer.headers).contains(&slot.path_token()[..40]));
        }
        door.ask("GET", &slot.tokened_target(), "", b"");
    }
    // Whatever is told of all that has been told before this.
    let logged = door.service.log().len();
    let again = &slots[0];
    door.refuses("again", (409, "exists"), |door| door.put(&again.target(), &again.header(), DATA));
    assert!(door.service.log().len() > logged);
    let log = door.service.log();
    let metrics = crate::support::http::get(&door.service.address("ops"), "/metrics");
    for slot in &slots {
        for token in [slot.token(), slot.path_token(), slot.path_token().replace('A', "B")] {
            // The last one shares what is not the MAC with others.
            assert!(!log.contains(&token[..40]), "a token is in the log: {log}");
            assert!(!metrics.text().contains(&token[..40]), "a token is in the metrics");
        }
    }
    assert!(!log.contains("cat.jpg"), "a path is in the log: {log}");
}
