//! `url sign` and `url check`: what the service would say of an upload, without asking it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ejabberd-sidecar");

struct Setup(TempDir);

impl Setup {
    fn new(upload: &str) -> Self {
        let folder = TempDir::new().expect("temporary folder");
        let issuer = "issuer = 'test'\nsecret = 'issuer-secret-0123456789-abcdefghijklmnop'\n";
        let hosts = format!(
            "[[hosts.'a.org'.issuers]]\n{issuer}[[hosts.'b.org'.issuers]]\n{issuer}[hosts.'b.org'.upload]\nsecrets = ['the upload secret of b.org, which is longer']\n"
        );
        let general = "[upload]\nsecrets = ['the upload secret of a.org']\n";
        let text = format!("{general}{upload}\n{hosts}[store]\nkind = 'disk'\npath = 'store'\n");
        fs::write(folder.path().join("sidecar.toml"), text).expect("writable");
        Self(folder)
    }

    fn url(&self, arguments: &[&str], input: &str) -> Output {
        let (command, arguments) = arguments.split_first().expect("a command");
        let config = self.0.path().join("sidecar.toml");
        let mut program = Command::new(PROGRAM);
        program.args(["url", command, "--config"]).arg(config).args(arguments);
        program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().expect("program starts");
        // A command that does not read has ended by then.
        drop(child.stdin.take().expect("piped").write_all(input.as_bytes()));
        child.wait_with_output().expect("program ends")
    }

    fn sign(&self, arguments: &[&str]) -> String {
        let output = self.url(&[&["sign", "--user", "alice@a.org"], arguments].concat(), "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Exit code and answer.
    fn check(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.url(&[&["check"], arguments].concat(), "");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    }
}

/// What Prosody makes, with alice's four bytes.
fn jwt(secret: &str, domain: &str, filename: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let claims = json!({
        "sub": format!("alice@{domain}"), "iat": now, "exp": now + 300, "slot": "r", "filename": filename,
        "filesize": 4, "filetype": "image/png",
    });
    let parts = [json!({"typ": "JWT", "alg": "HS256"}), claims];
    let signed = parts.map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length").chain_update(&signed);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[test]
fn a_slot_of_prosodys_own_module_is_explained() {
    const SECRET: &str = "the upload secret of a.org, longer";
    let setup = Setup::new(
        "accept = ['jwt', 'bearer']\n[hosts.'a.org'.upload]\nsecrets = ['the upload secret of a.org, longer']",
    );
    let good = jwt(SECRET, "a.org", "cat.png");
    let check = |token: &str, size: &str| {
        let header = format!("Bearer {token}");
        setup.check(&["--size", size, "--authorization", &header, "/upload/a.org/r/cat.png"])
    };
    let (code, text) = check(&good, "4");
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("token of scheme jwt")
            && text.contains("for \"r/cat.png\", 4 bytes of image/png, of alice@a.org"),
        "{text}"
    );
    for (token, size, reason) in [
        (good.as_str(), "5", "jwt_size_mismatch"),
        (&jwt(SECRET, "a.org", "dog.png"), "4", "jwt_path_mismatch"),
        (&jwt(SECRET, "b.org", "cat.png"), "4", "bearer_user_mismatch"),
        (&jwt("some other secret of thirty-two bytes", "a.org", "cat.png"), "4", "jwt_invalid"),
        ("a.b.c", "4", "jwt_malformed"),
    ] {
        let (code, text) = check(token, size);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.ends_with(&format!("refused: {reason}\n")), "{reason}: {text}");
        assert!(!text.contains(token), "{text}");
    }
}

#[test]
fn what_was_signed_is_accepted() {
    for (upload, scheme) in [("", "v"), ("accept = ['v2', 'v']", "v2"), ("accept = 'token'", "token")] {
        let setup = Setup::new(upload);
        let url = setup.sign(&["--size", "7", "--type", "image/png", "gr\u{f6}\u{df}e 1.png"]);
        assert!(url.contains(&format!("/gr%C3%B6%C3%9Fe%201.png?{scheme}=")), "{url}");
        let (code, text) = setup.check(&["--size", "7", "--type", "image/png", &url]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains(&format!("token of scheme {scheme}, for which \"")), "{text}");
        assert!(text.contains("/gr\u{f6}\u{df}e 1.png") && text.contains("\naccepted"), "{text}");
        let mac = url.rsplit('=').next().expect("a MAC");
        assert!(!text.contains(mac), "{text}");
    }
}

#[test]
fn each_reason_is_told() {
    let setup = Setup::new(
        "denied_extensions = 'exe'\nallowed_types = 'image/*'\nmax_size = '10B'\nlegacy_prefixes = '/old/@HOST@'",
    );
    let own = setup.sign(&["--size", "7", "a.png"]);
    let as_image = |size, url| vec!["--size", size, "--type", "image/png", url];
    let (large, program) = (setup.sign(&["--size", "11", "a.png"]), setup.sign(&["--size", "7", "a.exe"]));
    let of_another = own.replace("/upload/a.org/", "/upload/b.org/");
    for (arguments, code) in [
        (as_image("7", "/elsewhere/a/b?v=1"), "path_unknown"),
        (as_image("7", "/old/a.org/a/b?v=1"), "method_not_allowed"),
        (as_image("7", "http://localhost:8080/upload/a.org/a/..?v=1"), "path_malformed"),
        (as_image("7", "/upload/a.org/a/b"), "token_missing"),
        (as_image("7", "/upload/a.org/a/b?v=1&v=2"), "token_malformed"),
        (as_image("7", "/upload/a.org/a/b?v=xyz"), "token_malformed"),
        (as_image("7", "/upload/a.org/a/b?v2=1"), "scheme_not_accepted"),
        (as_image("8", &own), "mac_invalid"),
        (as_image("7", &of_another), "mac_invalid"),
        (vec![own.as_str()], "length_missing"),
        (as_image("11", &large), "too_large"),
        (vec!["--size", "7", &own], "type_not_allowed"),
        (as_image("7", &program), "extension_not_allowed"),
    ] {
        let (exit, text) = setup.check(&arguments);
        assert_eq!(exit, Some(1), "{code}: {text}");
        assert!(text.contains(&format!("[{code}]\nrefused: {code}\n")), "{code}: {text}");
    }
    let (_, text) = setup.check(&as_image("7", &of_another));
    assert!(text.contains("it matches with the secret of a.org"), "{text}");
    assert_eq!(setup.check(&as_image("7", &own)).0, Some(0));
}

#[test]
fn the_url_is_read_from_stdin_where_no_process_list_shows_it() {
    let setup = Setup::new("");
    let url = setup.sign(&["--size", "7", "a.png"]);
    let output = setup.url(&["check", "--size", "7", "-"], &format!("{url}\n"));
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn unusable_arguments_are_named() {
    let setup = Setup::new("");
    for (arguments, named) in [
        (["check", "--type", "png", "/a"], "--type"),
        (["sign", "--user", "alice@c.org", "--size=1"], "NAME"),
    ] {
        let output = setup.url(&arguments, "");
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(named), "{output:?}");
    }
}

/// What `url sign` prints, whole, with its MAC and without.
fn slot(setup: &Setup, arguments: &[&str]) -> String {
    setup.sign(&[&["--scheme", "bearer", "--size", "7"], arguments, &["gr\u{f6}\u{df}e 1.png"]].concat())
}

/// Exit code and answer for what is piped in.
fn piped(setup: &Setup, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let output = setup.url(&[&["check"], arguments, &["-"]].concat(), input);
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn a_slot_of_our_own_is_explained_wherever_its_token_stands() {
    let setup = Setup::new("token_in_url = true");
    for (place, told) in [("header", "an Authorization header"), ("query", "the query"), ("path", "the path")]
    {
        let signed = slot(&setup, &["--token-in", place, "--type", "image/png"]);
        let (code, text) = piped(&setup, &["--size", "7"], &signed);
        assert_eq!(code, Some(0), "{text}");
        assert!(
            text.contains(&format!(
                "token of scheme bearer in {told}, for which \"put/1\u{2400}a.org\u{2400}alice@a.org\u{2400}"
            )),
            "{text}"
        );
        assert!(text.contains("token matches: the slot of alice@a.org is good for another "), "{text}");
        assert!(text.contains("/gr\u{f6}\u{df}e 1.png\u{2400}7\u{2400}image/png\u{2400}\u{2400}"), "{text}");
        let token = match place {
            "header" => signed.split("Bearer ").nth(1).expect("a header"),
            "query" => signed.split("token=").nth(1).expect("a token"),
            _ => signed.split("/t/").nth(1).expect("a token"),
        };
        assert!(!text.contains(&token[..40]), "{text}");
        let other_type = piped(&setup, &["--size", "7", "--type", "image/jpeg"], &signed).1;
        assert!(other_type.contains("than the slot is for, image/png [type_mismatch]"), "{other_type}");
    }
}

#[test]
fn each_reason_against_a_slot_is_told() {
    let setup = Setup::new("accept = ['bearer', 'v']");
    let signed = slot(&setup, &[]);
    let (url, header) = signed.split_once('\n').expect("a header");
    assert!(!url.contains("type="), "{url}");
    let with = |url: &str| format!("{url}\n{header}\n");
    let moved = url.replace("/upload/a.org/", "/upload/b.org/");
    let short = slot(&setup, &["--ttl", "0s"]);
    let rotated = Setup::new("").0;
    let text = fs::read_to_string(rotated.path().join("sidecar.toml")).expect("readable");
    fs::write(rotated.path().join("sidecar.toml"), text.replace("secret of a.org", "new secret of a.org"))
        .expect("writable");
    let rotated = Setup(rotated);
    for (setup, input, code, told) in [
        (&setup, url.to_owned(), "bearer_missing", "--authorization"),
        (&setup, format!("{}\n{header}", with(url)), "authorization_doubled", "more than one"),
        (
            &setup,
            format!("{url}\nAuthorization: Basic YTpi"),
            "authorization_not_accepted",
            "no Bearer token",
        ),
        (&setup, format!("{url}\nAuthorization: Bearer abc"), "bearer_malformed", "not as it was issued"),
        (&setup, format!("{url}&token=abc"), "bearer_in_url", "upload.token_in_url"),
        (
            &setup,
            with(&url.replace("alice%40", "bob%40")),
            "bearer_user_mismatch",
            "the slot is bob@a.org's, whose paths begin with ",
        ),
        (&setup, with(&moved), "bearer_user_mismatch", "the slot is alice@a.org's"),
        (&setup, with(&url.replace("expires=1", "expires=2")), "bearer_invalid", "expiry was signed"),
        (&rotated, with(url), "bearer_invalid", "taken out of upload.secrets"),
        (&setup, short, "slot_expired", "the slot has expired, "),
    ] {
        let (exit, text) = piped(setup, &["--size", "7"], &input);
        assert_eq!(exit, Some(1), "{code}: {text}");
        assert!(text.contains(&format!("[{code}]\nrefused: {code}\n")), "{code}: {text}");
        assert!(text.contains(told), "{code}: {text}");
    }
    let (_, text) = piped(&setup, &["--size", "8"], &with(url));
    assert!(text.contains("[bearer_invalid]"), "{text}");
    // The header by itself, as its line or as its value.
    for header in [header, header.trim_start_matches("Authorization: ")] {
        let (exit, text) = setup.check(&["--size", "7", "--authorization", header, url]);
        assert_eq!(exit, Some(0), "{text}");
    }
}

#[test]
fn what_the_vhost_would_refuse_is_not_signed() {
    let setup = Setup::new(
        "max_size = '10B'\ndenied_extensions = 'exe'\ndenied_types = 'text/html'\nslot_ttl = '10s'",
    );
    let bearer = ["sign", "--user", "alice@a.org", "--scheme", "bearer"];
    for (arguments, exit, told) in [
        (vec!["--size", "11", "a.png"], 1, "[too_large]"),
        (vec!["--size", "7", "a.exe"], 1, "[extension_not_allowed]"),
        (vec!["--size", "7", "--type", "text/html", "a"], 1, "[type_not_allowed]"),
        (vec!["--size", "7", "--token-in", "query", "a"], 1, "[bearer_in_url]"),
        (vec!["--size", "7", "--ttl", "2h", "a"], 1, "at most 1h 10s here"),
    ] {
        let output = setup.url(&[&bearer[..], &arguments].concat(), "");
        assert_eq!(output.status.code(), Some(exit), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(told), "{told}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    for (arguments, told) in [
        (["sign", "--user=alice@a.org", "--scheme=v", "--ttl=5m", "--size=7", "a"], "--ttl"),
        (
            ["sign", "--user=alice@a.org", "--scheme=v2", "--size=7", "--type=a/b", "a"],
            "upload.accept does not name it",
        ),
    ] {
        let output = setup.url(&arguments, "");
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(told), "{told}: {output:?}");
    }
    let output = setup.url(&["sign", "--user=a.org", "--scheme=bearer", "--size=7", "a"], "");
    assert!(String::from_utf8_lossy(&output.stderr).contains("[bearer_user_mismatch]"), "{output:?}");
}

#[test]
fn names_cannot_lead_elsewhere() {
    let setup = Setup::new("");
    for (name, ending) in [
        ("../../x", "/_.._x"),
        ("..", "/file"),
        ("a\u{202e}b\r\n.png", "/a_b__.png"),
        ("a?b#c%2F", "/a_b_c_2F"),
    ] {
        let signed = setup.sign(&["--scheme", "bearer", "--size", "7", name]);
        let (path, _) = signed.split_once('?').expect("a query");
        assert!(path.ends_with(ending), "{path}");
        assert_eq!(piped(&setup, &["--size", "7"], &signed).0, Some(0));
    }
}
