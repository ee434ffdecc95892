//! Shared secrets.

use ejabberd_sidecar::authn::SharedSecret;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyFault, KeyKind, parse_jwk};
use serde_json::{Value, json};

use crate::jose::b64;
use crate::jose::parse::{algorithms, fault};

fn jwk(bytes: usize) -> Value {
    json!({"kty": "oct", "k": b64(vec![b'k'; bytes])})
}

/// RFC 7518 §3.2.
#[test]
fn a_secret_is_as_long_as_the_hash() {
    for (algorithm, need) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        for have in [0, 1, need / 2, need - 1, need, need + 1, 1024] {
            let expected = if have < need {
                Err(KeyFault::ShortSecret { algorithm, have, need })
            } else {
                Ok(vec![algorithm])
            };
            let mut named = jwk(have);
            named["alg"] = algorithm.name().into();
            assert_eq!(algorithms(&named, None), expected, "{algorithm}, {have} bytes, of its own");
            assert_eq!(
                algorithms(&jwk(have), Some(&[algorithm])),
                expected,
                "{algorithm}, {have} bytes, allowed"
            );
        }
    }
    let short = KeyFault::ShortSecret { algorithm: Algorithm::Hs512, have: 48, need: 64 };
    let all = Some(&[Algorithm::Hs256, Algorithm::Hs512][..]);
    assert_eq!(algorithms(&jwk(48), all), Err(short), "it has to do for all that are allowed");
    assert_eq!(fault(&jwk(31)), KeyFault::ShortSecret { algorithm: Algorithm::Hs256, have: 31, need: 32 });
}

#[test]
fn a_secret_is_canonical_text() {
    let good = b64([b'k'; 32]);
    for (jwk, expected) in [
        (json!({"kty": "oct"}), KeyFault::Missing("k")),
        (json!({"kty": "oct", "K": good}), KeyFault::Missing("k")),
        (json!({"kty": "oct", "k": null}), KeyFault::Malformed("k")),
        (json!({"kty": "oct", "k": 7}), KeyFault::Malformed("k")),
        (json!({"kty": "oct", "k": [good]}), KeyFault::Malformed("k")),
        (json!({"kty": "oct", "k": format!("{good}=")}), KeyFault::Malformed("k")),
        (json!({"kty": "oct", "k": format!("{good} ")}), KeyFault::Malformed("k")),
        (json!({"kty": "oct", "k": format!("{}t", &good[..42])}), KeyFault::Malformed("k")),
        (json!({"kty": "oct", "k": "a secret of thirty-two bytes or more"}), KeyFault::Malformed("k")),
        (json!({"kty": "OCT", "k": good}), KeyFault::Unsupported),
        (json!({"kty": "oct ", "k": good}), KeyFault::Unsupported),
    ] {
        assert_eq!(fault(&jwk), expected, "{jwk}");
    }
}

#[test]
fn a_secret_is_for_hmac() {
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| algorithm.kind() != KeyKind::Hmac) {
        let mut jwk = jwk(64);
        jwk["alg"] = algorithm.name().into();
        assert_eq!(fault(&jwk), KeyFault::OtherAlgorithm { kind: KeyKind::Hmac, algorithm });
    }
    for other in ["A256GCM", "A256KW", "dir", "PBES2-HS256+A128KW"] {
        let mut jwk = jwk(64);
        jwk["alg"] = other.into();
        assert_eq!(fault(&jwk), KeyFault::Malformed("alg"), "{other}");
    }
}

#[test]
fn nothing_shows_a_secret() {
    let secret = "correct-horse-battery-staple-correct";
    let jwk = json!({"kty": "oct", "kid": "a", "k": b64(secret), "alg": "HS256"});
    let keys = parse_jwk(jwk.to_string().as_bytes(), None).unwrap();
    let shared = SharedSecret::new(secret.as_bytes().to_vec()).unwrap();
    let short = algorithms(&jwk, Some(&[Algorithm::Hs512])).unwrap_err();
    let mut long = jwk.clone();
    long["alg"] = "HS512".into();
    let long = fault(&long);
    for shown in
        [format!("{keys:?}"), format!("{shared:?}"), format!("{short} {short:?}"), format!("{long} {long:?}")]
    {
        for part in [secret, &b64(secret), &hex::encode(secret), "correct", "99, 111, 114"] {
            assert!(!shown.contains(part), "{shown} shows {part}");
        }
    }
}
