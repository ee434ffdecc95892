//! Slots of Prosody's `mod_http_file_share`: a JWT for one file, as it is signed there.

use serde_json::{Value, json};

use crate::door::{Door, HASH, at, escaped, signed};
use crate::support::{ISSUER_SECRET, UPLOAD_SECRET, http, tokens};

const DATA: &[u8] = b"data";
const SLOT: &str = "0d7ac9f1e2b34c5d";
const ACCEPT: &str = "accept = ['jwt', 'bearer', 'v']";
/// What a claim is changed into where it is taken out.
const NOTHING: Value = Value::Null;

fn door() -> Door {
    Door::with(ACCEPT, "")
}

fn header() -> Value {
    json!({"typ": "JWT", "alg": "HS256"})
}

/// Of alice, for four bytes.
fn claims(filename: &str) -> Value {
    let now = tokens::now();
    json!({
        "sub": "alice@localhost", "iat": now, "exp": now + 300, "expires": now + 604_800,
        "slot": SLOT, "filename": filename, "filesize": DATA.len(), "filetype": "image/png",
    })
}

/// `member` changed, or taken out.
fn with(mut object: Value, member: &str, value: Value) -> Value {
    if value.is_null() {
        object.as_object_mut().expect("an object").remove(member);
    } else {
        object[member] = value;
    }
    object
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

fn jwt(claims: &Value) -> String {
    bearer(&tokens::signed_with(UPLOAD_SECRET, &header(), claims))
}

fn target(filename: &str) -> String {
    at(&format!("{SLOT}/{}", escaped(filename)))
}

#[test]
fn a_slot_takes_its_file_once_and_serves_it_as_signed() {
    let door = door();
    for (number, filename) in ["cat.png", "Gr\u{fc}\u{df}e aus \u{6771}\u{4eac} & 1+1.png", "a.b~c'(d)!*:@,"]
        .into_iter()
        .enumerate()
    {
        let logged = door.service.log().len();
        let slot = format!("{SLOT}{number}");
        let headers = jwt(&with(claims(filename), "slot", json!(slot)));
        let path = format!("{slot}/{}", escaped(filename));
        let answer = door.put(&at(&path), &headers, DATA);
        assert_eq!((answer.status, answer.text()), (201, ""), "{answer:?}");
        door.service.wait_for_log_since(logged, &["outcome=\"stored\"", "user=\"alice@localhost\""]);
        let got = door.get(&path, "");
        assert_eq!((got.text(), got.header("content-type")), ("data", Some("image/png")));
        door.refuses("again", (409, "exists"), |door| door.put(&at(&path), &headers, DATA));
        // Whoever signs anew does not overwrite it either.
        let again = jwt(&with(claims(filename), "slot", json!(slot)));
        door.refuses("signed anew", (409, "exists"), |door| door.put(&at(&path), &again, b"DATA"));
        assert_eq!(door.get(&path, "").text(), "data");
    }
}

#[test]
fn what_prosody_may_leave_out_or_write_otherwise_is_taken() {
    let door = door();
    for (number, (member, value)) in [
        ("expires", NOTHING),
        ("iat", NOTHING),
        ("iss", json!("prosody")),
        ("nbf", json!(tokens::now())),
        ("iat", json!(tokens::now() + 5)),
    ]
    .into_iter()
    .enumerate()
    {
        let slot = format!("{SLOT}{number}");
        let claims = with(with(claims("a.png"), member, value), "slot", json!(slot));
        let answer = door.put(&at(&format!("{slot}/a.png")), &jwt(&claims), DATA);
        assert_eq!(answer.status, 201, "{claims}: {answer:?}");
    }
    let bare = bearer(&tokens::signed_with(UPLOAD_SECRET, &json!({"alg": "HS256"}), &claims("b.png")));
    assert_eq!(door.put(&target("b.png"), &bare, DATA).status, 201, "without typ");
}

#[test]
fn a_token_is_for_one_file() {
    let door = door();
    let good = jwt(&claims("cat.png"));
    for other in [
        target("dog.png"),
        target("cat.png").replace(SLOT, "another"),
        at(&format!("{HASH}/{SLOT}/cat.png")),
        at(&format!("{SLOT}/cat.png/cat.png")),
    ] {
        let refused = (401, "jwt_path_mismatch");
        let answer = door.refuses(&other, refused, |door| door.put(&other, &good, DATA));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    // A name or a slot that would be two parts of a path.
    for (slot, filename) in [(SLOT, "r/cat.png"), ("x/r", "cat.png")] {
        let sneaky = jwt(&with(claims(filename), "slot", json!(slot)));
        let path = at(&format!("{slot}/{filename}"));
        door.refuses(filename, (401, "jwt_path_mismatch"), |door| door.put(&path, &sneaky, DATA));
    }
    for body in [&b""[..], b"dat", b"data!"] {
        let refused = (413, "jwt_size_mismatch");
        door.refuses(body, refused, |door| door.put(&target("cat.png"), &good, body));
    }
    door.assert_empty();
}

#[test]
fn the_type_is_the_signed_one() {
    let door = door();
    let png = jwt(&claims("cat.png"));
    for other in ["image/jpeg", "text/html", "application/octet-stream"] {
        let headers = format!("{png}Content-Type: {other}\r\n");
        door.refuses(other, (415, "type_mismatch"), |door| door.put(&target("cat.png"), &headers, DATA));
    }
    let headers = format!("{png}Content-Type: image/png\r\n");
    assert_eq!(door.put(&target("cat.png"), &headers, DATA).status, 201);
    // Prosody calls so what its client did not name.
    let unnamed = jwt(&with(claims("x"), "filetype", json!("application/octet-stream")));
    let headers = format!("{unnamed}Content-Type: text/html\r\n");
    assert_eq!(door.put(&target("x"), &headers, DATA).status, 201);
    let served = door.get(&format!("{SLOT}/x"), "");
    assert_eq!(served.header("content-type"), Some("application/octet-stream"));
}

#[test]
fn the_user_is_one_of_the_vhost() {
    let door = door();
    for stranger in ["alice@other.example", "localhost", "alice@localhost.example"] {
        let headers = jwt(&with(claims("a.png"), "sub", json!(stranger)));
        let refused = (401, "bearer_user_mismatch");
        door.refuses(stranger, refused, |door| door.put(&target("a.png"), &headers, DATA));
    }
    door.assert_empty();
}

#[test]
fn a_token_ends_and_does_not_begin_before_its_time() {
    let door = door();
    let now = tokens::now();
    for (member, value, refused) in [
        ("exp", now, (410, "slot_expired")),
        ("exp", now - 3600, (410, "slot_expired")),
        ("exp", 0, (410, "slot_expired")),
        ("exp", now + 300 + 3600 + 60, (401, "slot_lives_too_long")),
        ("exp", (now + 300) * 1000, (401, "slot_lives_too_long")),
        ("iat", now + 200, (401, "jwt_not_yet_valid")),
        ("nbf", now + 200, (401, "jwt_not_yet_valid")),
    ] {
        let headers = jwt(&with(claims("a.png"), member, json!(value)));
        door.refuses((member, value), refused, |door| door.put(&target("a.png"), &headers, DATA));
    }
    // It tells nothing to those who did not have it.
    let forged =
        tokens::signed_with(&format!("{UPLOAD_SECRET}x"), &header(), &with(claims("a.png"), "exp", json!(1)));
    let refused = (401, "jwt_invalid");
    door.refuses("forged", refused, |door| door.put(&target("a.png"), &bearer(&forged), DATA));
    door.assert_empty();
}

#[test]
fn what_prosody_would_not_write_is_refused() {
    let door = door();
    let malformed = |what: &Value, headers: &str| {
        let refused = (401, "jwt_malformed");
        let answer = door.refuses(what, refused, |door| door.put(&target("a.png"), headers, DATA));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
    };
    for name in ["slot", "filename", "filesize", "filetype", "sub", "exp"] {
        for value in [NOTHING, json!([1]), json!(true), json!("")] {
            // An empty name is a name, and no part of a path.
            if value == json!("") && ["slot", "filename"].contains(&name) {
                continue;
            }
            let odd = with(claims("a.png"), name, value);
            malformed(&odd, &jwt(&odd));
        }
    }
    for (name, value) in [
        ("filesize", json!("4")),
        ("filesize", json!(-4)),
        ("filesize", json!(4.5)),
        ("exp", json!(format!("{}", tokens::now() + 60))),
        ("iat", json!("1")),
        ("nbf", json!(-1)),
        ("expires", json!("never")),
        ("sub", json!("Alice@localhost")),
        ("sub", json!("alice@localhost/phone")),
        ("filetype", json!("a\r\nb")),
        ("aud", json!("xmpp")),
        ("cnf", json!({"jkt": "x"})),
    ] {
        let odd = with(claims("a.png"), name, value);
        malformed(&odd, &jwt(&odd));
    }
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS512")),
        ("alg", json!("RS256")),
        ("alg", json!("hs256")),
        ("alg", NOTHING),
        ("typ", json!("at+jwt")),
        ("typ", json!("")),
        ("crit", json!(["b64"])),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("kid", json!(7)),
    ] {
        let odd = with(header(), name, value);
        malformed(&odd, &bearer(&tokens::signed_with(UPLOAD_SECRET, &odd, &claims("a.png"))));
    }
    let long = with(claims("a.png"), "more", json!("x".repeat(8 * 1024)));
    malformed(&json!("long"), &jwt(&long));
    let good = tokens::signed_with(UPLOAD_SECRET, &header(), &claims("a.png"));
    let (unsigned, _) = good.rsplit_once('.').expect("three parts");
    for odd in ["a.b", "a.b.c", "..", &format!("{good}="), &format!("{good}.x.y"), &format!(".{unsigned}")] {
        malformed(&json!(odd), &bearer(odd));
    }
    for odd in [format!("{unsigned}."), format!("{unsigned}.AAAA")] {
        let refused = (401, "jwt_invalid");
        door.refuses(&odd, refused, |door| door.put(&target("a.png"), &bearer(&odd), DATA));
    }
    door.assert_empty();
}

/// Each kind of token is signed with a key of its own.
#[test]
fn no_token_is_good_for_something_else() {
    let door = door();
    // A login's, with all that a slot's says.
    let with_issuer = with(claims("a.png"), "iss", json!("test"));
    let login = tokens::signed_with(ISSUER_SECRET, &header(), &with_issuer);
    let refused = (401, "jwt_invalid");
    door.refuses("login", refused, |door| door.put(&target("a.png"), &bearer(&login), DATA));
    // A slot's, with all that a login's says.
    let upload = tokens::signed_with(UPLOAD_SECRET, &header(), &with_issuer);
    let form = [("user", "alice"), ("server", "localhost"), ("pass", upload.as_str())];
    assert_eq!(http::post_form(&door.service.address("hook"), "/check_password", &form).text(), "false");
    door.service.wait_for_log(&["login", "outcome=\"refused\"", "signature_invalid"]);
    // The MAC of another scheme in place of the signature, and a JWT in the query.
    let (unsigned, _) = upload.rsplit_once('.').expect("three parts");
    for (target, headers, refused) in [
        (target("a.png"), bearer(&tokens::v(&format!("{SLOT}/a.png"), 4)), (401, "bearer_malformed")),
        (format!("{}?token={upload}", target("a.png")), String::new(), (403, "scheme_not_accepted")),
        (format!("{}?v={upload}", target("a.png")), String::new(), (403, "token_malformed")),
        (
            format!("{}?v={}", target("a.png"), tokens::v(&format!("{SLOT}/a.png"), 4)),
            bearer(&format!("{unsigned}.AAAA")),
            (401, "jwt_invalid"),
        ),
        (target("a.png"), format!("{0}{0}", bearer(&upload)), (401, "authorization_doubled")),
        (target("a.png"), bearer(&upload).replace("Bearer", "Basic"), (401, "authorization_not_accepted")),
    ] {
        door.refuses(&target, refused, |door| door.put(&target, &headers, DATA));
    }
    door.assert_empty();
    // The other schemes go on beside it.
    assert_eq!(door.put(&signed("r/cat.jpg", 4), "", DATA).status, 201);
}

#[test]
fn it_is_off_unless_it_is_named() {
    let good = jwt(&claims("a.png"));
    for (accept, refused) in [
        ("", (401, "bearer_malformed")),
        ("accept = 'v'", (401, "authorization_not_accepted")),
        ("accept = ['bearer']", (401, "bearer_malformed")),
    ] {
        let door = Door::with(accept, "");
        door.refuses(accept, refused, |door| door.put(&target("a.png"), &good, DATA));
        door.assert_empty();
    }
    // Where nothing else is accepted, a header is what is missing, and whatever is in one is no JWT.
    let door = Door::with("accept = 'jwt'", "");
    door.refuses("none", (401, "bearer_missing"), |door| door.put(&target("a.png"), "", DATA));
    door.refuses("odd", (401, "jwt_malformed"), |door| door.put(&target("a.png"), &bearer("x"), DATA));
    assert_eq!(door.put(&target("a.png"), &good, DATA).status, 201);
}

#[test]
fn all_secrets_verify_and_a_secret_taken_out_does_not() {
    const NEW: &str = "the-new-upload-secret-0123456789-abcdef";
    let both = format!("{ACCEPT}\nsecrets = ['{NEW}', '{UPLOAD_SECRET}']");
    let own = format!("[hosts.localhost.upload]\n{both}");
    let door = Door::with("", &own);
    for (filename, secret) in [("1.png", NEW), ("2.png", UPLOAD_SECRET)] {
        let headers = bearer(&tokens::signed_with(secret, &header(), &claims(filename)));
        assert_eq!(door.put(&target(filename), &headers, DATA).status, 201, "{secret}");
    }
    let door = Door::with("", &own.replace(&format!(", '{UPLOAD_SECRET}'"), ""));
    let refused = (401, "jwt_invalid");
    door.refuses("taken out", refused, |door| door.put(&target("3.png"), &jwt(&claims("3.png")), DATA));
    door.assert_empty();
}

#[test]
fn no_token_is_in_the_log() {
    let door = door();
    let good = jwt(&claims("cat.png"));
    let refused = (401, "jwt_path_mismatch");
    door.refuses("path", refused, |door| door.put(&target("dog.png"), &good, DATA));
    assert_eq!(door.put(&target("cat.png"), &good, DATA).status, 201);
    door.refuses("again", (409, "exists"), |door| door.put(&target("cat.png"), &good, DATA));
    let token = good.trim().rsplit(' ').next().expect("a token");
    let log = door.service.log();
    for part in token.split('.') {
        assert!(!log.contains(part), "a token is in the log: {log}");
    }
    assert!(!log.contains("cat.png") && !log.contains(SLOT), "a path is in the log: {log}");
}
