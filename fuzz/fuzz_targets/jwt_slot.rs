//! Slots of Prosody: a header, a line feed and claims, which are signed and so get past the signature. All else is a token as it is.
#![no_main]

mod signing;

use std::sync::LazyLock;
use std::time::Duration;

use ejabberd_sidecar::authn::{Acceptance, PresentedToken, PutClaim, Scheme, UploadAuthority};
use ejabberd_sidecar::types::{ObjectPath, Secret, parse_vhost};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

use signing::{header_and_claims, signed};

const NOW: u64 = 1_800_000_000;
const SECRET: &[u8] = b"the secret of the fuzzers";
const LEEWAY: u64 = 60;

static AUTHORITY: LazyLock<UploadAuthority> = LazyLock::new(|| {
    let accepted =
        Acceptance { schemes: vec![Scheme::Jwt], token_in_url: false, slot_ttl: Duration::from_mins(5) };
    let secret = Secret::new(SECRET.to_vec(), 0).expect("long enough");
    UploadAuthority::new(parse_vhost("localhost").expect("a domain"), accepted, &secret, &[])
});

fuzz_target!(init: the_good_seed_is_good(), |input: &[u8]| {
    if let Some((header, claims)) = header_and_claims(input) {
        if is_accepted(&signed(SECRET, header, claims)) {
            check(header, claims);
        }
    } else if let Ok(token) = std::str::from_utf8(input) {
        assert!(!is_accepted(token), "accepted, and nobody signed it");
    }
});

/// Otherwise nothing behind it would be reached.
fn the_good_seed_is_good() {
    let (header, claims) =
        header_and_claims(include_bytes!("../seeds/jwt_slot/good")).expect("a header and claims");
    assert!(is_accepted(&signed(SECRET, header, claims)));
}

fn is_accepted(token: &str) -> bool {
    let header = format!("Bearer {token}");
    let path = ObjectPath::parse("slot/cat.jpg").expect("a path");
    let token = PresentedToken::from_authorization(&header, "");
    let granted = AUTHORITY.authorize(PutClaim { path, size: 4, content_type: None, token }, NOW);
    if let Ok(grant) = &granted {
        assert_eq!((grant.size(), grant.path().as_str(), grant.scheme()), (4, "slot/cat.jpg", Scheme::Jwt));
        assert_eq!(grant.user().expect("a user").domain().as_str(), "localhost");
    }
    granted.is_ok()
}

/// What was accepted has to be good, as another reading of the rules has it.
fn check(header: &[u8], claims: &[u8]) {
    let [header, claims] =
        [header, claims].map(|part| serde_json::from_slice::<Value>(part).expect("it was accepted as JSON"));
    assert_eq!(header["alg"], "HS256");
    for never in ["crit", "zip", "cty"] {
        assert_eq!(header.get(never), None, "{never}");
    }
    for never in ["aud", "cnf"] {
        assert_eq!(claims.get(never), None, "{never}");
    }
    assert_eq!(
        [&claims["slot"], &claims["filename"], &claims["filesize"]],
        [&json!("slot"), &json!("cat.jpg"), &json!(4)]
    );
    assert!(claims["exp"].as_u64().expect("an end") + LEEWAY >= NOW);
    for begins in ["iat", "nbf"] {
        assert!(
            claims.get(begins).is_none_or(|at| at.as_u64().expect("a number") <= NOW + LEEWAY),
            "{begins}"
        );
    }
    assert!(claims["filetype"].as_str().expect("a type").contains('/'));
    assert!(claims["sub"].as_str().expect("a user").contains('@'));
}
