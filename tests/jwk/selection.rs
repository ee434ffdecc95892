//! Which key of a set a token is tried with.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyKind, KeySet, parse_jwks};
use serde_json::{Value, json};

use crate::jose::gate::{Gate, ISSUER, assembled, claims, gate_of_set, issuer, signing_input};
use crate::jose::owner::Owner;

fn named(owner: Owner, kind: KeyKind, id: Option<&str>) -> Value {
    let mut jwk = owner.jwk(kind);
    if let Some(id) = id {
        jwk["kid"] = id.into();
    }
    jwk
}

fn set(keys: &[Value]) -> KeySet {
    parse_jwks(json!({ "keys": keys }).to_string().as_bytes(), None).expect("a set").keys
}

fn token(owner: Owner, algorithm: Algorithm, id: &Value) -> String {
    let mut header = json!({"alg": algorithm.name()});
    if !id.is_null() {
        header["kid"] = id.clone();
    }
    let input = signing_input(&header, &claims());
    assembled(&input, &owner.sign(algorithm, input.as_bytes()))
}

/// Two RSA keys and one on P-256; the stranger's is one of the issuer's own here.
#[test]
fn a_token_is_tried_with_the_key_that_it_names() {
    let gate = gate_of_set(set(&[
        named(Owner::Issuer, KeyKind::Rsa, Some("a")),
        named(Owner::Stranger, KeyKind::Rsa, Some("b")),
        named(Owner::Issuer, KeyKind::P256, Some("c")),
    ]));
    let unknown = Err(Refusal::KeyUnknown);
    for (signer, algorithm, id, expected) in [
        (Owner::Issuer, Algorithm::Rs256, json!("a"), Ok("a")),
        (Owner::Stranger, Algorithm::Rs256, json!("b"), Ok("b")),
        (Owner::Issuer, Algorithm::Es256, json!("c"), Ok("c")),
        (Owner::Issuer, Algorithm::Rs256, json!(null), Ok("a")),
        (Owner::Stranger, Algorithm::Rs256, json!(null), Ok("b")),
        (Owner::Issuer, Algorithm::Rs256, json!("b"), Err(Refusal::SignatureInvalid)),
        (Owner::Stranger, Algorithm::Rs256, json!("a"), Err(Refusal::SignatureInvalid)),
        (Owner::Stranger, Algorithm::Es256, json!("c"), Err(Refusal::SignatureInvalid)),
        (Owner::Stranger, Algorithm::Es256, json!(null), Err(Refusal::SignatureInvalid)),
        (Owner::Issuer, Algorithm::Rs256, json!("c"), unknown),
        (Owner::Issuer, Algorithm::Es256, json!("a"), unknown),
        (Owner::Issuer, Algorithm::Rs256, json!("d"), unknown),
        (Owner::Issuer, Algorithm::Rs256, json!("A"), unknown),
        (Owner::Issuer, Algorithm::Rs256, json!("a "), unknown),
        (Owner::Issuer, Algorithm::Rs256, json!(""), unknown),
        (Owner::Issuer, Algorithm::Rs256, json!("a\u{0}"), unknown),
        (Owner::Issuer, Algorithm::Rs256, json!("/dev/null"), unknown),
        (Owner::Issuer, Algorithm::Rs256, json!(["a"]), Err(Refusal::KeyIdMalformed)),
        (Owner::Issuer, Algorithm::Rs256, json!(7), Err(Refusal::KeyIdMalformed)),
        (Owner::Issuer, Algorithm::Ps256, json!("a"), Err(Refusal::AlgorithmRefused)),
        (Owner::Issuer, Algorithm::Es384, json!("c"), Err(Refusal::AlgorithmRefused)),
        (Owner::Issuer, Algorithm::Hs256, json!(null), Err(Refusal::AlgorithmRefused)),
    ] {
        let token = token(signer, algorithm, &id);
        assert_eq!(gate.verdict(&token), expected.map(drop), "{signer:?} {algorithm} {id}");
        assert_eq!(gate.signed_with(&token).as_deref(), expected.ok(), "{signer:?} {algorithm} {id}");
    }
}

#[test]
fn a_key_without_a_name_serves_every_token() {
    let gate = gate_of_set(set(&[
        named(Owner::Issuer, KeyKind::Rsa, Some("a")),
        named(Owner::Stranger, KeyKind::Rsa, None),
    ]));
    for (signer, id, expected) in [
        (Owner::Stranger, json!("new"), Ok(())),
        (Owner::Stranger, json!("a"), Ok(())),
        (Owner::Stranger, json!(null), Ok(())),
        (Owner::Issuer, json!("a"), Ok(())),
        (Owner::Issuer, json!("new"), Err(Refusal::SignatureInvalid)),
    ] {
        assert_eq!(gate.verdict(&token(signer, Algorithm::Rs256, &id)), expected, "{signer:?} {id}");
    }
}

#[test]
fn replaced_keys_are_gone() {
    let issuer = issuer(ISSUER, Owner::Issuer.key(Algorithm::EdDsa));
    let keys = issuer.keys.clone();
    let gate = Gate::of(vec![issuer]);
    let [old, new] =
        [Owner::Issuer, Owner::Stranger].map(|owner| token(owner, Algorithm::EdDsa, &Value::Null));
    let verdicts = || (gate.verdict(&old), gate.verdict(&new));
    assert_eq!(verdicts(), (Ok(()), Err(Refusal::SignatureInvalid)));
    keys.replace(KeySet::new(Owner::Stranger.key(Algorithm::EdDsa)));
    assert_eq!(verdicts(), (Err(Refusal::SignatureInvalid), Ok(())));
    keys.replace(KeySet::new(Owner::Stranger.key(Algorithm::Es256)));
    assert_eq!(verdicts(), (Err(Refusal::AlgorithmRefused), Err(Refusal::AlgorithmRefused)));
    keys.replace(KeySet::default());
    assert_eq!(verdicts(), (Err(Refusal::KeysMissing), Err(Refusal::KeysMissing)));
}
