//! No text that is said to be a key makes the program panic.

use ejabberd_sidecar::authn::keys::{Algorithm, KeyKind, parse_jwk, parse_jwks, parse_pem};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::jose::der::pem;
use crate::jose::gate::{Gate, good_token};
use crate::jose::owner::Owner;
use crate::jose::parse::algorithms;
use crate::jose::{b64, unb64};

fn kind() -> impl Strategy<Value = KeyKind> {
    prop::sample::select(vec![KeyKind::Rsa, KeyKind::P256, KeyKind::P384, KeyKind::Ed25519])
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

/// Anything that could stand in a JWK.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        bytes(80).prop_map(|bytes| b64(bytes).into()),
        bytes(600).prop_map(|bytes| b64(bytes).into()),
        prop::sample::select(vec![
            "RSA", "EC", "OKP", "oct", "P-256", "P-384", "Ed25519", "sig", "RS256", "verify"
        ])
        .prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        prop::collection::vec("[a-z]{1,8}", 0..3).prop_map(Value::from),
    ]
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["kty", "crv", "x", "y", "n", "e", "k", "d", "use", "key_ops", "alg", "kid"])
}

fn jwk() -> impl Strategy<Value = Value> {
    prop::collection::vec((name(), value()), 0..8).prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in bytes(300)) {
        prop_assert!(parse_jwk(&bytes, None).is_err());
        prop_assert!(parse_jwks(&bytes, None).is_err());
        prop_assert!(parse_pem(&bytes, None).is_err());
    }

    #[test]
    fn no_json_panics(jwk in jwk(), set in prop::collection::vec(jwk(), 0..5)) {
        let alone = parse_jwk(jwk.to_string().as_bytes(), Some(&Algorithm::ALL)).is_ok();
        if let Ok(parsed) = parse_jwks(json!({ "keys": set }).to_string().as_bytes(), None) {
            prop_assert!(parsed.skipped.len() <= set.len());
            prop_assert!(parsed.keys.len() + parsed.skipped.len() == set.len());
        }
        prop_assert!(!alone || ["k", "n", "x"].iter().any(|name| jwk.get(name).is_some()));
    }

    #[test]
    fn no_pem_panics(label in "[A-Z ]{0,12}KEY", der in bytes(300), text in "\\PC{0,40}") {
        let block = pem(&label, &der);
        prop_assert!(parse_pem([text, block].join("\n").as_bytes(), None).is_err());
        prop_assert!(parse_pem(pem("PUBLIC KEY", &der).as_bytes(), None).is_err());
        prop_assert!(parse_pem(pem("CERTIFICATE", &der).as_bytes(), None).is_err());
    }

    /// A certificate with a changed byte is refused, or still holds a key. Which one does not matter: nobody but the operator
    /// writes the file.
    #[test]
    fn no_changed_certificate_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = include_bytes!("certificates/p256.pem").to_vec();
        let at = at.index(text.len());
        text[at] = byte;
        if let Ok(keys) = parse_pem(&text, None) {
            prop_assert_eq!(keys.len(), 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever a changed byte makes of a key, it is not the issuer's any more.
    #[test]
    fn a_changed_key_is_another_one(kind in kind(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut jwk = Owner::Issuer.jwk(kind);
        let name = if kind == KeyKind::Rsa { "n" } else { "x" };
        let mut number = unb64(jwk[name].as_str().unwrap());
        let at = at.index(number.len());
        number[at] ^= 1 << bit;
        jwk[name] = b64(number).into();
        if algorithms(&jwk, None).is_ok() {
            let gate = Gate::new(parse_jwk(jwk.to_string().as_bytes(), None).unwrap());
            prop_assert!(gate.verdict(&good_token(kind.usual_algorithm())).is_err());
        }
    }
}
