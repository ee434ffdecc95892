//! Keys that change while the service runs, and what `token check` says of tokens.

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;

use support::http::post_form;
use support::{FREE_PORTS, ISSUER_SECRET, PROGRAM, Service, configuration, tokens, wait_until};

const NEW: &str = "a new secret of thirty-two bytes and more";

/// A key set of shared secrets with their ids.
fn key_set(keys: &[(&str, &str)]) -> String {
    let keys: Vec<_> = keys
        .iter()
        .map(|(id, secret)| json!({"kty": "oct", "alg": "HS256", "kid": id, "k": URL_SAFE_NO_PAD.encode(secret)}))
        .collect();
    json!({ "keys": keys }).to_string()
}

fn with_key_set() -> String {
    let secret = format!("secret = \"{ISSUER_SECRET}\"");
    configuration(FREE_PORTS, "").replace(&secret, "jwks_file = 'keys.json'")
}

fn token(key: &str, secret: &str) -> String {
    let claims = json!({"iss": "test", "sub": "alice", "exp": tokens::now() + 600});
    tokens::signed_with(secret, &json!({"alg": "HS256", "kid": key}), &claims)
}

fn logs_in(service: &Service, token: &str) -> bool {
    let form = [("user", "alice"), ("server", "localhost"), ("pass", token)];
    post_form(&service.address("hook"), "/check_password", &form).text() == "true"
}

#[test]
fn a_key_set_is_read_again_when_it_changes() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let file = folder.path().join("keys.json");
    let write = |text: &str| fs::write(&file, text).expect("writable");
    write(&key_set(&[("old", ISSUER_SECRET)]));
    let service = Service::start_in(folder, &with_key_set());
    let (old, new) = (token("old", ISSUER_SECRET), token("new", NEW));
    assert!(logs_in(&service, &old) && !logs_in(&service, &new));
    service.wait_for_log(&["outcome=\"accepted\"", "issuer=\"test\"", "key=\"old\""]);
    service.wait_for_log(&["outcome=\"refused\"", "reason=\"key_unknown\"", "issuer=\"test\""]);

    write(&key_set(&[("old", ISSUER_SECRET), ("new", NEW), ("short", "short")]));
    wait_until("the new key counts", || logs_in(&service, &new));
    assert!(logs_in(&service, &old));
    service.wait_for_log(&["keys.json: key 3 is 5 bytes long, and HS256 needs 32"]);

    write(&key_set(&[("new", NEW)]));
    wait_until("the old key counts no more", || !logs_in(&service, &old));
    write("{\"keys\": [");
    service.wait_for_log(&["keys.json: is not a JSON Web Key Set", "the keys from before stay"]);
    let refused = format!("ejabberd_sidecar_file_refused{{file=\"{}\"}} 1", file.display());
    assert!(support::http::get(&service.address("ops"), "/metrics").text().contains(&refused), "{refused}");
    assert!(logs_in(&service, &new), "a file that is half written changes nothing");
    fs::remove_file(&file).expect("there");
    service.wait_for_log(&["No such file", "the keys from before stay"]);
    assert!(logs_in(&service, &new));

    write(&key_set(&[("new", NEW), ("uploads", support::UPLOAD_SECRET)]));
    service.wait_for_log(&["has an upload secret among its keys"]);
    assert!(!logs_in(&service, &token("uploads", support::UPLOAD_SECRET)));

    write(&key_set(&[]));
    wait_until("no key is left", || !logs_in(&service, &new));
    service.wait_for_log(&["holds no usable key"]);
    write(&key_set(&[("new", NEW)]));
    wait_until("the key is back", || logs_in(&service, &new));
    assert!(!service.log().contains(&URL_SAFE_NO_PAD.encode(NEW)), "a key in the log");
}

#[test]
fn public_keys_never_turn_into_shared_secrets() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let file = folder.path().join("keys.json");
    // RFC 8037, appendix A.2.
    let public = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
    fs::write(&file, public.to_string()).expect("writable");
    let service = Service::start_in(folder, &with_key_set());
    fs::write(&file, key_set(&[("new", NEW)])).expect("writable");
    service.wait_for_log(&["turned from public keys into shared secrets", "stay in force"]);
    assert!(!logs_in(&service, &token("new", NEW)));
}

/// `token check` in a folder with the test configuration. The token goes through stdin.
fn check(folder: &Path, arguments: &[&str], token: &str) -> (Option<i32>, String) {
    fs::write(folder.join("sidecar.toml"), configuration(FREE_PORTS, "")).expect("writable");
    let mut command = Command::new(PROGRAM);
    command.args(["token", "check", "--config", "sidecar.toml"]).args(arguments).arg("-").current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("program starts");
    child.stdin.take().expect("piped").write_all(token.as_bytes()).expect("the program reads");
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    (status.code(), String::from_utf8([stdout, stderr].concat()).expect("text"))
}

#[test]
fn token_check_says_of_each_rule_whether_it_holds() {
    let folder = TempDir::new().expect("temporary folder");
    let alice = ["--user", "alice", "--host", "localhost"];
    let (code, said) = check(folder.path(), &alice, &format!("{}\n", tokens::good("alice")));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.ends_with("accepted\n"), "{said}");
    assert!(said.lines().rev().skip(1).all(|line| line.starts_with("ok ")), "{said}");

    let claims = json!({"iss": "test", "sub": "bob", "exp": "soon", "aud": "web"});
    let bad = tokens::signed_with(NEW, &json!({"alg": "HS256"}), &claims);
    let (code, said) = check(folder.path(), &alice, &bad);
    assert_eq!(code, Some(1), "{said}");
    for code in ["signature_invalid", "expiry_malformed", "audience_mismatch", "user_mismatch"] {
        assert!(
            said.lines().any(|line| line.starts_with("NO ") && line.ends_with(&format!("[{code}]"))),
            "{said}"
        );
    }
    assert!(said.ends_with("refused: signature_invalid\n"), "{said}");
    assert!(bad.split('.').all(|part| !said.contains(part)), "{said}");

    let (_, said) = check(folder.path(), &[], &tokens::good("bob"));
    assert!(said.contains("-     names the user who logs in") && said.ends_with("accepted\n"), "{said}");
    let (code, said) = check(folder.path(), &[], "no token");
    assert_eq!((code, said.lines().filter(|line| line.starts_with('-')).count()), (Some(1), 17), "{said}");
}

#[test]
fn token_check_refuses_what_it_cannot_know() {
    let folder = TempDir::new().expect("temporary folder");
    for (arguments, says) in [
        (["--user", "a@b"], "--user: is not a localpart"),
        (["--host", "example.org"], "--host: is not among the configured hosts"),
        (["--host", "a b"], "--host: is not a domain name"),
    ] {
        let (code, said) = check(folder.path(), &arguments, "x");
        assert_eq!(code, Some(64), "{said}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn an_attacker_does_not_lock_a_user_out_nor_fill_the_log() {
    let more = "[limits]\nlogins_per_minute = 3";
    let service = Service::start_with(&configuration(FREE_PORTS, more));
    let form = |token: &str| {
        let form = [("user", "alice"), ("server", "localhost"), ("pass", token)];
        post_form(&service.address("hook"), "/check_password", &form).text().to_owned()
    };
    for _ in 0..50 {
        assert_eq!(form("guess"), "false");
    }
    assert_eq!(form(&tokens::good("alice")), "true", "a good token is always good");
    service.wait_for_log(&["outcome=\"accepted\"", "user=\"alice\""]);
    let log = service.log();
    let told =
        |reason: &str| log.lines().filter(|line| line.contains(&format!("reason=\"{reason}\""))).count();
    // Two minutes at most, if one begins in between.
    assert!((3..=6).contains(&told("token_malformed")), "{log}");
    assert!((1..=2).contains(&told("login_rate")), "{log}");
    let metrics = support::http::get(&service.address("ops"), "/metrics");
    let counted = |reason: &str| {
        let line = format!(
            "ejabberd_sidecar_logins_total{{vhost=\"localhost\",outcome=\"refused\",reason=\"{reason}\"}} "
        );
        let count = metrics.text().lines().find_map(|told| told.strip_prefix(&line).map(str::to_owned));
        count.and_then(|count| count.parse::<usize>().ok()).unwrap_or_default()
    };
    assert_eq!(counted("token_malformed"), 50, "each is counted for its own reason: {}", metrics.text());
}

#[test]
fn mint_speaks_for_the_issuer_that_is_configured() {
    let folder = TempDir::new().expect("temporary folder");
    let issuer = format!(
        "secret = ['{}', '{ISSUER_SECRET}']\nalgorithms = ['HS512']\ntyp = 'at+jwt'\nuser_claim = 'name'",
        "n".repeat(64)
    );
    let secret = format!("secret = \"{ISSUER_SECRET}\"");
    let settings =
        configuration(FREE_PORTS, "").replace(&secret, &issuer).replace(ISSUER_SECRET, &"o".repeat(64));
    let file = folder.path().join("sidecar.toml");
    fs::write(&file, settings).expect("writable");
    let mut mint = Command::new(PROGRAM);
    let minted = mint.args(["token", "mint", "--sub", "alice@localhost", "--config"]).arg(&file).output();
    let token = String::from_utf8(minted.expect("it runs").stdout).expect("text");
    let header = token.split('.').next().map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url"));
    let header: Value = serde_json::from_slice(&header.expect("a header")).expect("JSON");
    assert_eq!(header, json!({"alg": "HS512", "typ": "at+jwt"}));
    let mut check = Command::new(PROGRAM);
    let checked =
        check.args(["token", "check", "--user", "alice", "--config"]).arg(&file).arg(token.trim()).output();
    let checked = checked.expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}
