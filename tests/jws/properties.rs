//! What holds for every token.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::Algorithm;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::jose::b64;
use crate::jose::gate::{Gate, assembled, claims, good_token, signed};
use crate::jose::owner::Owner;

fn algorithm() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(&Algorithm::ALL[..])
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn gate(algorithm: Algorithm) -> Gate {
    Gate::new(Owner::Issuer.key(algorithm))
}

/// Any JSON.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Some of the names that mean something in a token.
fn name() -> impl Strategy<Value = &'static str> {
    let names = [
        "alg", "kid", "typ", "crit", "zip", "cty", "jwk", "b64", "iss", "sub", "aud", "exp", "nbf", "iat",
        "cnf", "x",
    ];
    prop::sample::select(names.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_verifies(algorithm in algorithm(), name in "x[a-z]{1,8}", value in json()) {
        let mut claims = claims();
        claims[&name] = value.clone();
        let header = json!({"alg": algorithm.name(), name: value});
        let token = signed(algorithm, &header, &claims);
        prop_assert_eq!(gate(algorithm).verdict(&token), Ok(()));
    }

    #[test]
    fn a_changed_byte_does_not(algorithm in algorithm(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut token = good_token(algorithm).into_bytes();
        let at = at.index(token.len());
        prop_assume!(token[at] != byte);
        token[at] = byte;
        let verdict = gate(algorithm).verdict(&String::from_utf8_lossy(&token));
        prop_assert!(verdict.is_err(), "{}", String::from_utf8_lossy(&token));
    }

    #[test]
    fn two_bytes_swapped_do_not(algorithm in algorithm(), [a, b] in any::<[prop::sample::Index; 2]>()) {
        let mut token = good_token(algorithm).into_bytes();
        let (a, b) = (a.index(token.len()), b.index(token.len()));
        prop_assume!(token[a] != token[b]);
        token.swap(a, b);
        let token = String::from_utf8(token).unwrap();
        prop_assert!(gate(algorithm).verdict(&token).is_err(), "{}", token);
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,300}") {
        prop_assert!(gate(Algorithm::Hs256).verdict(&text).is_err());
    }

    #[test]
    fn no_parts_panic(
        header in bytes(64),
        payload in bytes(64),
        signature in bytes(300),
    ) {
        let token = [&header, &payload, &signature].map(b64).join(".");
        prop_assert!(gate(Algorithm::Es256).verdict(&token).is_err());
    }

    /// Members of any kind in headers and claims that are otherwise good, and signed.
    #[test]
    fn no_json_panics(in_header in any::<bool>(), name in name(), value in json()) {
        let (mut header, mut claims) = (json!({"alg": "HS256"}), claims());
        if in_header { header[name] = value } else { claims[name] = value }
        let verdict = gate(Algorithm::Hs256).verdict(&signed(Algorithm::Hs256, &header, &claims));
        let never = [Refusal::TokenNotJson, Refusal::DuplicateMember, Refusal::SignatureInvalid];
        prop_assert!(verdict.err().is_none_or(|refusal| !never.contains(&refusal)), "{verdict:?}");
    }

    /// The same without a signature: never a login.
    #[test]
    fn no_unsigned_json_logs_in(header in json(), payload in json(), signature in bytes(70)) {
        let unsigned = [header, payload].map(|part| b64(part.to_string())).join(".");
        let verdict = gate(Algorithm::EdDsa).verdict(&assembled(&unsigned, &signature));
        prop_assert!(verdict.is_err());
    }
}
