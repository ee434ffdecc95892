//! Tokens. What begins with `{` is a header, a line feed and claims, which are signed and so get past the signature; all
//! else is a token as it is.
#![no_main]

mod signing;

use std::sync::LazyLock;
use std::time::Duration;

use ejabberd_sidecar::authn::SharedSecret;
use ejabberd_sidecar::authn::jwt::{ClaimRules, Issuer, RequiredClaim, TokenTypes, UserRules, VhostVerifier};
use ejabberd_sidecar::authn::keys::{Algorithm, IssuerKeys, KeySet, parse_jwks, parse_pem};
use ejabberd_sidecar::policy::{ADMIN_NAMES, LocalpartRules};
use ejabberd_sidecar::types::{Localpart, parse_vhost};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

use signing::{header_and_claims, signed};

const NOW: f64 = 1_800_000_000.0;
const LEEWAY: Duration = Duration::from_secs(30);
const LIFETIME: Duration = Duration::from_hours(24);
const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

static ALICE: LazyLock<Localpart> =
    LazyLock::new(|| Localpart::new("alice").expect("a localpart").into_owned());
static VERIFIER: LazyLock<VhostVerifier> = LazyLock::new(|| {
    let issuers = vec![shared(), strict(), key_set(), certificates()];
    VhostVerifier::new(parse_vhost("example.org").expect("a vhost"), 8192, issuers)
});

fuzz_target!(init: good_seeds_are_good(), |input: &[u8]| {
    if let Some((header, claims)) = header_and_claims(input) {
        if is_accepted(&signed(SECRET, header, claims)) {
            check(header, claims);
        }
    } else if let Ok(token) = std::str::from_utf8(input) {
        // Whoever finds one can sign: no seed is good.
        assert!(!is_accepted(token), "accepted, and nobody signed it");
    }
});

/// Otherwise nothing behind them would be reached.
fn good_seeds_are_good() {
    for seed in
        [&include_bytes!("../seeds/token/good-shared")[..], include_bytes!("../seeds/token/good-strict")]
    {
        let (header, claims) = header_and_claims(seed).expect("a header and claims");
        assert!(is_accepted(&signed(SECRET, header, claims)));
    }
}

/// A report says the same as the verdict, and can be made without a user.
fn is_accepted(token: &str) -> bool {
    let verdict = VERIFIER.verify(token, &ALICE, NOW);
    let report = VERIFIER.report(token, Some(&ALICE), NOW);
    assert_eq!(report.verdict().err(), verdict.as_ref().err().map(|refused| refused.reason));
    let anybody = VERIFIER.report(token, None, NOW);
    assert!(verdict.is_err() || anybody.verdict().is_ok(), "good for alice, and not for anybody");
    verdict.is_ok()
}

/// What was accepted has to be good, as another reading of the rules has it.
fn check(header: &[u8], claims: &[u8]) {
    let [header, claims] =
        [header, claims].map(|part| serde_json::from_slice::<Value>(part).expect("it was accepted as JSON"));
    assert_eq!(header["alg"], "HS256");
    for never in ["crit", "zip", "cty"] {
        assert_eq!(header.get(never), None, "{never}");
    }
    let seconds = |name: &str| claims.get(name).map(|date| date.as_f64().expect("a number"));
    let expires = seconds("exp").expect("it has an end");
    assert!(NOW < expires + LEEWAY.as_secs_f64());
    assert!(seconds("nbf").is_none_or(|from| from <= NOW + LEEWAY.as_secs_f64()));
    assert!(seconds("iat").is_none_or(|at| at <= NOW + LEEWAY.as_secs_f64()));
    let lives = expires - seconds("iat").unwrap_or(NOW);
    assert!(lives <= (LIFETIME + LEEWAY).as_secs_f64());
    assert_eq!(claims.get("cnf"), None);
    let user = match claims["iss"].as_str() {
        Some("shared") => {
            assert_eq!(claims.get("aud"), None);
            &claims["sub"]
        }
        Some("strict") => {
            assert!(header["typ"].as_str().expect("text").to_ascii_lowercase().ends_with("at+jwt"));
            let audience = &claims["aud"];
            assert!(
                audience == "xmpp" || audience.as_array().is_some_and(|all| all.contains(&"xmpp".into()))
            );
            assert!(claims["scope"].as_str().expect("text").split(' ').any(|scope| scope == "chat"));
            assert!(!claims["realm"]["roles"].is_null());
            assert!(claims["realm"]["user"].as_str().expect("text").contains('@'));
            &claims["realm"]["user"]
        }
        other => unreachable!("{other:?} has no such secret"),
    };
    let localpart = user.as_str().expect("text").split('@').next();
    assert_eq!(localpart.map(str::to_ascii_lowercase).as_deref(), Some("alice"));
}

/// As little as possible has to be in its tokens.
fn shared() -> Issuer {
    let rules = |claim: &str, allow: Option<&[String]>, full_jid_only| UserRules {
        claim: claim.parse().expect("a claim's name"),
        localparts: LocalpartRules::new(allow, &ADMIN_NAMES.map(str::to_owned)).expect("patterns"),
        full_jid_only,
    };
    Issuer {
        name: "shared".to_owned(),
        keys: IssuerKeys::new(secret()),
        types: TokenTypes::Usual,
        claims: ClaimRules { audience: vec![], leeway: LEEWAY, max_lifetime: LIFETIME, required: vec![] },
        user: rules("sub", None, false),
    }
}

/// As much as possible.
fn strict() -> Issuer {
    let Issuer { keys, mut claims, mut user, .. } = shared();
    let required =
        |claim: &str, values| RequiredClaim { claim: claim.parse().expect("a claim's name"), values };
    claims.audience = vec!["xmpp".to_owned(), "chat".to_owned()];
    claims.required = vec![required("scope", Some(vec![json!("chat")])), required("/realm/roles", None)];
    user.claim = "/realm/user".parse().expect("a claim's name");
    user.full_jid_only = true;
    let types = TokenTypes::only(&["at+jwt".to_owned()]).expect("it logs in");
    Issuer { name: "strict".to_owned(), keys, types, claims, user }
}

/// Public keys of every kind.
fn key_set() -> Issuer {
    let set = parse_jwks(include_bytes!("../seeds/jwks/all-kinds"), None).expect("a key set").keys;
    Issuer { name: "set".to_owned(), keys: IssuerKeys::new(set), ..shared() }
}

fn certificates() -> Issuer {
    let allowed = [Algorithm::Rs256, Algorithm::Ps512, Algorithm::Es256];
    let keys = parse_pem(include_bytes!("../seeds/pem/rsa-and-certificate"), Some(&allowed)).expect("keys");
    Issuer { name: "pem".to_owned(), keys: IssuerKeys::new(KeySet::new(keys)), ..shared() }
}

fn secret() -> KeySet {
    let secret = SharedSecret::new(SECRET.to_vec()).expect("long enough");
    KeySet::new(secret.keys(None).expect("HS256"))
}
