//! Key sets: what makes one unusable, and what is skipped in it.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyFault, KeyKind, KeySet, ParsedSet, SetFault, parse_jwks};
use serde_json::{Value, json};

use crate::jose::gate::{Gate, gate_of_set, good_token};
use crate::jose::owner::Owner;

fn parse(set: &Value) -> Result<ParsedSet, SetFault> {
    parse_jwks(set.to_string().as_bytes(), None)
}

#[track_caller]
fn fault(set: &Value) -> SetFault {
    parse(set).expect_err("a broken set")
}

fn named(owner: Owner, kind: KeyKind, id: &str) -> Value {
    let mut jwk = owner.jwk(kind);
    jwk["kid"] = id.into();
    jwk
}

#[test]
fn a_set_is_an_object_with_an_array() {
    let key = || Owner::Issuer.jwk(KeyKind::Rsa);
    for other in [
        json!([]),
        json!([key()]),
        key(),
        json!({}),
        json!({"keys": null}),
        json!({"keys": {}}),
        json!({"keys": {"0": key()}}),
        json!({"keys": key()}),
        json!({"keys": "[]"}),
        json!({"Keys": [key()]}),
        json!({"jwks": {"keys": [key()]}}),
        json!(null),
        json!("keys"),
    ] {
        assert_eq!(fault(&other), SetFault::NotASet, "{other}");
    }
    for text in [
        "",
        " ",
        "{",
        "{\"keys\":[]}x",
        "{\"keys\":[]}{}",
        "<html>",
        "\u{feff}{\"keys\":[]}",
        "{\"keys\":[],}",
    ] {
        assert_eq!(parse_jwks(text.as_bytes(), None).unwrap_err(), SetFault::NotASet, "{text:?}");
    }
    let more = json!({"keys": [key()], "issuer": "x", "keys2": 1});
    assert_eq!(parse(&more).unwrap().keys.len(), 1, "other members do not count");
}

/// Nobody logs in, and the next set can change that: so it is the keys that are missing, not the algorithm.
#[test]
fn an_empty_set_knows_no_key() {
    let ParsedSet { keys, skipped } = parse(&json!({"keys": []})).unwrap();
    assert!(keys.is_empty() && skipped.is_empty());
    assert_eq!(keys.len(), 0);
    let gate = gate_of_set(keys);
    for algorithm in Algorithm::ALL {
        assert_eq!(gate.verdict(&good_token(algorithm)), Err(Refusal::KeysMissing), "{algorithm}");
    }
    let gate = gate_of_set(KeySet::default());
    assert_eq!(gate.verdict(&good_token(Algorithm::Hs256)), Err(Refusal::KeysMissing));
}

#[test]
fn duplicate_members_leave_open_what_is_meant() {
    let key = Owner::Issuer.jwk(KeyKind::P256).to_string();
    for text in [
        format!(r#"{{"keys":[{key}],"keys":[]}}"#),
        format!(r#"{{"keys":[{key}],"\u006beys":[]}}"#),
        format!(r#"{{"keys":[{key}],"x":{{"a":1,"a":2}}}}"#),
        format!(r#"{{"keys":[{key},{{"kid":"a","kid":"b"}}]}}"#),
    ] {
        assert_eq!(parse_jwks(text.as_bytes(), None).unwrap_err(), SetFault::DuplicateMember, "{text}");
    }
}

#[test]
fn secrets_and_public_keys_do_not_mix() {
    let secret = || named(Owner::Issuer, KeyKind::Hmac, "s");
    for kind in [KeyKind::Rsa, KeyKind::P256, KeyKind::P384, KeyKind::Ed25519] {
        let public = || named(Owner::Issuer, kind, "p");
        let with = |name: &str, value: Value| {
            let mut secret = secret();
            secret[name] = value;
            secret
        };
        for (what, set) in [
            ("secret first", json!([secret(), public()])),
            ("secret last", json!([public(), secret()])),
            ("a secret in between", json!([public(), secret(), public()])),
            ("a secret for encryption", json!([public(), with("use", json!("enc"))])),
            ("a secret too short", json!([public(), with("k", json!("AA"))])),
            ("a secret that is none", json!([public(), {"kty": "oct"}])),
            ("a public key that is none", json!([secret(), {"kty": "RSA"}])),
            ("a key of no kind", json!([secret(), {}])),
        ] {
            assert_eq!(fault(&json!({ "keys": set })), SetFault::Mixed, "{kind}: {what}");
        }
    }
    let secrets = json!({"keys": [secret(), named(Owner::Stranger, KeyKind::Hmac, "t")]});
    let secrets = parse(&secrets).unwrap().keys;
    assert!(secrets.is_shared() && secrets.len() == 2);
    let publics = json!({"keys": [Owner::Issuer.jwk(KeyKind::Rsa), Owner::Issuer.jwk(KeyKind::P256)]});
    assert!(!parse(&publics).unwrap().keys.is_shared());
}

#[test]
fn a_name_is_one_keys() {
    let (a, b) = (|kind| named(Owner::Issuer, kind, "a"), |kind| named(Owner::Stranger, kind, "b"));
    let mut short = named(Owner::Stranger, KeyKind::Rsa, "a");
    short["n"] = "AQAB".into();
    for (what, keys, expected) in [
        ("the same key twice", json!([a(KeyKind::Rsa), a(KeyKind::Rsa)]), Err(SetFault::DuplicateKeyId)),
        ("of two kinds", json!([a(KeyKind::Rsa), a(KeyKind::P256)]), Err(SetFault::DuplicateKeyId)),
        (
            "of two owners",
            json!([named(Owner::Stranger, KeyKind::Rsa, "a"), a(KeyKind::Rsa)]),
            Err(SetFault::DuplicateKeyId),
        ),
        (
            "not beside each other",
            json!([a(KeyKind::Rsa), b(KeyKind::Rsa), a(KeyKind::P384)]),
            Err(SetFault::DuplicateKeyId),
        ),
        ("secrets", json!([a(KeyKind::Hmac), a(KeyKind::Hmac)]), Err(SetFault::DuplicateKeyId)),
        (
            "both empty",
            json!([named(Owner::Issuer, KeyKind::Rsa, ""), named(Owner::Stranger, KeyKind::Rsa, "")]),
            Err(SetFault::DuplicateKeyId),
        ),
        ("of a key that is skipped", json!([a(KeyKind::Rsa), short]), Ok(1)),
        ("other case", json!([a(KeyKind::Rsa), named(Owner::Stranger, KeyKind::Rsa, "A")]), Ok(2)),
        ("none twice", json!([Owner::Issuer.jwk(KeyKind::Rsa), Owner::Stranger.jwk(KeyKind::Rsa)]), Ok(2)),
    ] {
        let parsed = parse(&json!({ "keys": keys })).map(|set| set.keys.len());
        assert_eq!(parsed, expected, "{what}");
    }
    let set = json!({"keys": [a(KeyKind::Rsa)]}).to_string();
    let both = parse_jwks(set.as_bytes(), Some(&[Algorithm::Rs256, Algorithm::Ps256])).unwrap();
    assert_eq!(both.keys.len(), 2, "one key for two algorithms is no duplicate");
}

#[test]
fn there_is_a_limit() {
    let keys = |count: usize| json!({"keys": vec![Owner::Issuer.jwk(KeyKind::Ed25519); count]});
    assert_eq!(parse(&keys(100)).unwrap().keys.len(), 100);
    for have in [101, 1000] {
        assert_eq!(fault(&keys(have)), SetFault::TooManyKeys { have });
        let broken = json!({"keys": vec![json!(null); have]});
        assert_eq!(fault(&broken), SetFault::TooManyKeys { have }, "broken ones count");
    }
}

#[test]
fn a_broken_key_does_not_keep_the_others_from_serving() {
    let mut private = Owner::Issuer.jwk(KeyKind::P256);
    private["d"] = "AQ".into();
    let mut encryption = Owner::Issuer.jwk(KeyKind::Rsa);
    encryption["use"] = "enc".into();
    let set = json!({"keys": [
        null,
        Owner::Issuer.jwk(KeyKind::Ed25519),
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        private,
        Owner::Issuer.jwk(KeyKind::P384),
        encryption,
        {},
        "RSA",
        [],
        Owner::Issuer.jwk(KeyKind::Rsa),
        {"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": 7},
    ]});
    let ParsedSet { keys, skipped } = parse(&set).unwrap();
    let skipped: Vec<_> = skipped.into_iter().map(|key| (key.position, key.fault)).collect();
    let expected = [
        (1, KeyFault::NotAnObject),
        (3, KeyFault::Unsupported),
        (4, KeyFault::Private),
        (6, KeyFault::OtherUse("use")),
        (7, KeyFault::Missing("kty")),
        (8, KeyFault::NotAnObject),
        (9, KeyFault::NotAnObject),
        (11, KeyFault::Malformed("kid")),
    ];
    assert_eq!(skipped, expected);
    let gate: Gate = gate_of_set(keys);
    for algorithm in [Algorithm::EdDsa, Algorithm::Es384, Algorithm::Rs256] {
        assert_eq!(gate.verdict(&good_token(algorithm)), Ok(()), "{algorithm}");
    }
    assert_eq!(gate.verdict(&good_token(Algorithm::Es256)), Err(Refusal::AlgorithmRefused));
}
