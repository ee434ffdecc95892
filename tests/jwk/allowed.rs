//! `algorithms` of an issuer: what its keys may be for, whatever they say themselves.

use ejabberd_sidecar::authn::SharedSecret;
use ejabberd_sidecar::authn::keys::{
    Algorithm, Key, KeyFault, KeyKind, SetFault, SkippedKey, parse_jwks, parse_pem,
};
use serde_json::json;

use crate::jose::der::{self, pem, spki};
use crate::jose::owner::Owner;
use crate::jose::parse::algorithms;

#[test]
fn keys_are_for_what_is_allowed() {
    use Algorithm::{EdDsa, Es256, Es384, Hs256, Hs512, Ps256, Ps512, Rs256, Rs384};

    let nothing = |kind: KeyKind| Err(KeyFault::NotAllowed { kind });
    for (kind, own, allowed, expected) in [
        (KeyKind::Rsa, None, None, Ok(vec![Rs256])),
        (KeyKind::Rsa, None, Some(&[Ps256][..]), Ok(vec![Ps256])),
        (KeyKind::Rsa, None, Some(&[Rs256, Ps512, Es256]), Ok(vec![Rs256, Ps512])),
        (KeyKind::Rsa, None, Some(&[Es256, Hs256]), nothing(KeyKind::Rsa)),
        (KeyKind::Rsa, None, Some(&[]), nothing(KeyKind::Rsa)),
        (KeyKind::Rsa, Some(Rs384), None, Ok(vec![Rs384])),
        (KeyKind::Rsa, Some(Rs384), Some(&[Rs256, Rs384]), Ok(vec![Rs384])),
        (KeyKind::Rsa, Some(Rs384), Some(&[Rs256, Ps256]), nothing(KeyKind::Rsa)),
        (KeyKind::P256, None, Some(&[Es256]), Ok(vec![Es256])),
        (KeyKind::P256, None, Some(&[Es384]), nothing(KeyKind::P256)),
        (KeyKind::P384, None, Some(&[Es256]), nothing(KeyKind::P384)),
        (KeyKind::P384, Some(Es384), Some(&[Es256, Es384]), Ok(vec![Es384])),
        (KeyKind::Ed25519, None, Some(&[EdDsa]), Ok(vec![EdDsa])),
        (KeyKind::Ed25519, Some(EdDsa), Some(&[Rs256]), nothing(KeyKind::Ed25519)),
        (KeyKind::Hmac, None, Some(&[Hs256, Hs512]), Ok(vec![Hs256, Hs512])),
        (KeyKind::Hmac, None, Some(&[Rs256]), nothing(KeyKind::Hmac)),
        (KeyKind::Hmac, Some(Hs512), Some(&[Hs256]), nothing(KeyKind::Hmac)),
    ] {
        let mut jwk = Owner::Issuer.jwk(kind);
        if let Some(own) = own {
            jwk["alg"] = own.name().into();
        }
        assert_eq!(algorithms(&jwk, allowed), expected, "{kind} for {own:?}, allowed {allowed:?}");
    }
}

#[test]
fn what_is_wrong_with_a_key_comes_before_what_is_allowed() {
    let mut jwk = Owner::Issuer.jwk(KeyKind::Rsa);
    jwk["alg"] = "ES256".into();
    let expected = KeyFault::OtherAlgorithm { kind: KeyKind::Rsa, algorithm: Algorithm::Es256 };
    assert_eq!(algorithms(&jwk, Some(&[Algorithm::Es256])), Err(expected));
}

#[test]
fn a_shared_secret_is_for_what_is_allowed() {
    let secret = SharedSecret::new(vec![b'x'; 64]).unwrap();
    let algorithms =
        |allowed| secret.keys(allowed).map(|keys| keys.iter().map(Key::algorithm).collect::<Vec<_>>());
    assert_eq!(algorithms(None), Ok(vec![Algorithm::Hs256]));
    assert_eq!(algorithms(Some(&[Algorithm::Hs512])), Ok(vec![Algorithm::Hs512]));
    let nothing = Err(KeyFault::NotAllowed { kind: KeyKind::Hmac });
    assert_eq!(algorithms(Some(&[Algorithm::Rs256])), nothing);
    assert_eq!(algorithms(Some(&[])), nothing);
}

#[test]
fn a_set_serves_what_is_allowed_of_it() {
    let set =
        json!({"keys": [Owner::Issuer.jwk(KeyKind::Rsa), Owner::Issuer.jwk(KeyKind::P256)]}).to_string();
    let parsed = parse_jwks(set.as_bytes(), Some(&[Algorithm::Es256])).unwrap();
    assert_eq!(parsed.keys.len(), 1);
    let skipped = SkippedKey { position: 1, fault: KeyFault::NotAllowed { kind: KeyKind::Rsa } };
    assert_eq!(parsed.skipped, [skipped]);
    let parsed =
        parse_jwks(set.as_bytes(), Some(&[Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256])).unwrap();
    assert_eq!((parsed.keys.len(), parsed.skipped), (3, vec![]));
}

#[test]
fn a_pem_file_holds_only_what_is_allowed() {
    let p256 = pem("PUBLIC KEY", &spki(der::EC, der::P256, &Owner::Issuer.point(KeyKind::P256)));
    let p384 = pem("PUBLIC KEY", &spki(der::EC, der::P384, &Owner::Issuer.point(KeyKind::P384)));
    let file = [p256, p384].concat();
    let algorithms = |allowed| {
        parse_pem(file.as_bytes(), allowed).map(|keys| keys.iter().map(Key::algorithm).collect::<Vec<_>>())
    };
    assert_eq!(algorithms(None), Ok(vec![Algorithm::Es256, Algorithm::Es384]));
    assert_eq!(algorithms(Some(&Algorithm::ALL)), Ok(vec![Algorithm::Es256, Algorithm::Es384]));
    let second = SetFault::Key { position: 2, fault: KeyFault::NotAllowed { kind: KeyKind::P384 } };
    assert_eq!(algorithms(Some(&[Algorithm::Es256])), Err(second));
}
