use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use serde_json::json;
use sha2::Sha256;

use super::*;
use crate::authn::SharedSecret;
use crate::policy::LocalpartRules;
use crate::types::parse_vhost;

const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
const NOW: i64 = 1_800_000_000;

fn issuer(name: &str, secret: &[u8]) -> Issuer {
    let secret = SharedSecret::new(secret.to_vec()).unwrap();
    let claims = ClaimRules {
        audience: vec![],
        leeway: Duration::from_secs(30),
        max_lifetime: Duration::from_hours(24),
        required: vec![],
    };
    let localparts = LocalpartRules::new(None, &["admin".to_owned()]).unwrap();
    Issuer {
        name: name.to_owned(),
        keys: IssuerKeys::new(KeySet::new(secret.keys(None).unwrap())),
        types: TokenTypes::Usual,
        claims,
        user: UserRules { claim: "sub".parse().unwrap(), localparts, full_jid_only: false },
    }
}

fn verifier() -> VhostVerifier {
    let issuers = vec![issuer("one", SECRET), issuer("two", b"another secret of thirty-two bytes or more")];
    VhostVerifier::new(parse_vhost("example.org").unwrap(), 8192, issuers)
}

/// Signs with another library than the one under test.
fn signed(header: &Value, claims: &Value) -> String {
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(parts.join(".").as_bytes());
    format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn hs256(claims: &Value) -> String {
    signed(&json!({"alg": "HS256", "typ": "JWT"}), claims)
}

fn verdict(token: &str) -> Result<String, Refusal> {
    let user = Localpart::new("alice").unwrap().into_owned();
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in an f64")]
    let now = NOW as f64;
    let verifier = verifier();
    let verdict = verifier.verify(token, &user, now);
    let report = verifier.report(token, Some(&user), now);
    assert_eq!(report.verdict().err(), verdict.as_ref().err().map(|refused| refused.reason), "{report:?}");
    verdict.map(|verified| verified.issuer.to_owned()).map_err(|refused| refused.reason)
}

fn good_claims() -> Value {
    json!({"iss": "one", "sub": "alice", "exp": NOW + 60})
}

#[test]
fn a_good_token_names_its_issuer() {
    assert_eq!(verdict(&hs256(&good_claims())), Ok("one".to_owned()));
}

#[test]
fn the_key_decides_the_algorithm() {
    for algorithm in ["none", "None", "nOnE", "", "HS512", "RS256", "hs256"] {
        let none = algorithm.eq_ignore_ascii_case("none");
        let refused = Err(if none { Refusal::AlgorithmNone } else { Refusal::AlgorithmRefused });
        let token = signed(&json!({"alg": algorithm}), &good_claims());
        assert_eq!(verdict(&token), refused, "{algorithm}");
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(verdict(&unsigned), refused, "{algorithm}, unsigned");
    }
    let unsigned = hs256(&good_claims());
    let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    assert_eq!(verdict(&unsigned), Err(Refusal::SignatureInvalid));
}

#[test]
fn a_token_names_its_user_by_the_same_rules() {
    let verifier = verifier();
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact in an f64")]
    let identify = |token: &str| match verifier.identify(token, NOW as f64) {
        Ok((user, Verified { issuer, .. })) => Ok((user.to_string(), issuer.to_owned())),
        Err(refused) => Err(refused.reason),
    };
    assert_eq!(identify(&hs256(&good_claims())), Ok(("alice".to_owned(), "one".to_owned())));
    for (claim, value, reason) in [
        ("exp", json!(NOW - 60), Refusal::TokenExpired),
        ("sub", json!("admin"), Refusal::LocalpartDenied),
        ("sub", json!("alice@other.example"), Refusal::VhostMismatch),
        ("sub", json!("stra\u{df}e"), Refusal::UserClaimFolds),
        ("iss", json!("two"), Refusal::SignatureInvalid),
    ] {
        let mut claims = good_claims();
        claims[claim] = value;
        assert_eq!(identify(&hs256(&claims)), Err(reason), "{claims}");
    }
}

#[test]
fn whose_rules_count_is_read_and_not_believed() {
    let token = hs256(&good_claims());
    assert_eq!(claimed_issuer(&token, 8192), Ok("one".to_owned()));
    let (forged, _) = token.rsplit_once('.').unwrap();
    assert_eq!(claimed_issuer(&format!("{forged}.AAAA"), 8192), Ok("one".to_owned()));
    assert_eq!(claimed_issuer(&token, 10), Err(Refusal::TokenTooLarge));
    assert_eq!(claimed_issuer("", 10), Err(Refusal::TokenMissing));
    assert_eq!(claimed_issuer("a.b", 10), Err(Refusal::TokenMalformed));
    assert_eq!(claimed_issuer(&hs256(&json!({"iss": 7})), 8192), Err(Refusal::IssuerMissing));
}

#[test]
fn an_issuer_speaks_only_with_its_own_key() {
    let crossed = json!({"iss": "two", "sub": "alice", "exp": NOW + 60});
    assert_eq!(verdict(&hs256(&crossed)), Err(Refusal::SignatureInvalid));
    let unknown = json!({"iss": "three", "sub": "alice", "exp": NOW + 60});
    assert_eq!(verdict(&hs256(&unknown)), Err(Refusal::IssuerUnknown));
    for missing in [json!({"sub": "alice", "exp": NOW + 60}), json!({"iss": ["one"], "exp": NOW + 60})] {
        assert_eq!(verdict(&hs256(&missing)), Err(Refusal::IssuerMissing), "{missing}");
    }
}

#[test]
fn claims_and_user_are_checked() {
    let expired = json!({"iss": "one", "sub": "alice", "exp": NOW - 60});
    assert_eq!(verdict(&hs256(&expired)), Err(Refusal::TokenExpired));
    let foreign = json!({"iss": "one", "sub": "bob", "exp": NOW + 60});
    assert_eq!(verdict(&hs256(&foreign)), Err(Refusal::UserMismatch));
}

#[test]
fn a_refusal_names_issuer_and_key_of_ours_and_nothing_of_the_token() {
    let verifier = verifier();
    let user = Localpart::new("alice").unwrap().into_owned();
    let refused = |claims: &Value| verifier.verify(&hs256(claims), &user, 0.0).unwrap_err();
    assert_eq!(refused(&json!({"iss": "three", "sub": "alice", "exp": 60})).issuer, None);
    assert_eq!(refused(&json!({"iss": "two", "sub": "alice", "exp": 60})).issuer, Some("two"));
}

#[test]
fn a_report_goes_on_behind_what_is_refused() {
    let claims = json!({"iss": "one", "sub": "admin", "exp": 60, "cnf": {}});
    let report = verifier().report(&signed(&json!({"alg": "HS256", "zip": "DEF"}), &claims), None, 90.0);
    let refused = |rule| report.outcome(rule).and_then(Result::err);
    assert_eq!(refused(Rule::Compression), Some(Refusal::HeaderCompressed));
    assert_eq!(refused(Rule::Expiry), Some(Refusal::TokenExpired));
    assert_eq!(refused(Rule::Confirmation), Some(Refusal::ConfirmationRequired));
    assert_eq!(refused(Rule::Localpart), Some(Refusal::LocalpartDenied));
    assert_eq!(report.outcome(Rule::Signature), Some(Ok(())));
    assert_eq!(report.outcome(Rule::SameUser), None, "there was nobody to compare with");
    assert_eq!(report.verdict(), Err(Refusal::HeaderCompressed));
    let unknown = json!({"iss": "three", "exp": 60});
    let report = verifier().report(&hs256(&unknown), None, 0.0);
    assert_eq!(report.outcome(Rule::Issuer), Some(Err(Refusal::IssuerUnknown)));
    assert_eq!(report.outcome(Rule::Signature), None, "without an issuer there is no key");
}

#[test]
fn size_is_looked_at_first() {
    assert_eq!(verdict(""), Err(Refusal::TokenMissing));
    assert_eq!(verdict(&"x".repeat(8193)), Err(Refusal::TokenTooLarge));
    assert_eq!(verdict(&"x".repeat(8192)), Err(Refusal::TokenMalformed));
}

proptest! {
    #[test]
    fn any_changed_byte_is_refused(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let good = hs256(&good_claims());
        let mut bytes = good.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed = String::from_utf8_lossy(&bytes);
        prop_assert!(verdict(&changed).is_err(), "{changed}");
    }

    #[test]
    fn nothing_panics(token in "\\PC{0,200}") {
        prop_assert!(verdict(&token).is_err());
    }
}
