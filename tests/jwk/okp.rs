//! Ed25519 keys: lengths, curves, and points that are none.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyFault, KeyKind, parse_jwk};
use serde_json::{Value, json};

use crate::jose::b64;
use crate::jose::gate::{Gate, assembled, good_input};
use crate::jose::owner::Owner;
use crate::jose::parse::{algorithms, fault};

fn jwk(curve: &str, x: &[u8]) -> Value {
    json!({"kty": "OKP", "crv": curve, "x": b64(x)})
}

#[test]
fn a_point_has_32_bytes() {
    let good = Owner::Issuer.point(KeyKind::Ed25519);
    assert_eq!(algorithms(&jwk("Ed25519", &good), None), Ok(vec![Algorithm::EdDsa]));
    for (what, x) in [
        ("31 bytes", good[1..].to_vec()),
        ("31 bytes, the last missing", good[..31].to_vec()),
        ("33 bytes", [&[0], &good[..]].concat()),
        ("33 bytes, as some libraries tag it", [&[0x40], &good[..]].concat()),
        ("33 bytes, a zero behind", [&good[..], &[0]].concat()),
        ("none", vec![]),
        ("twice", [&good[..], &good].concat()),
        ("57 bytes, as Ed448 has them", vec![7; 57]),
        ("a SubjectPublicKeyInfo", crate::jose::der::spki(crate::jose::der::ED25519, "", &good)),
    ] {
        assert_eq!(fault(&jwk("Ed25519", &x)), KeyFault::Malformed("x"), "{what}");
    }
}

#[test]
fn other_curves_are_refused() {
    let good = Owner::Issuer.point(KeyKind::Ed25519);
    for (curve, x) in [
        ("X25519", &good[..]),
        ("X448", &[7; 56]),
        ("Ed448", &[7; 57]),
        ("Ed448", &good),
        ("ed25519", &good),
        ("Ed25519 ", &good),
        ("EdDSA", &good),
        ("P-256", &good),
        ("", &good),
    ] {
        assert_eq!(fault(&jwk(curve, x)), KeyFault::Unsupported, "{curve:?}");
    }
    for (jwk, expected) in [
        (json!({"kty": "OKP", "x": b64(&good)}), KeyFault::Missing("crv")),
        (json!({"kty": "OKP", "crv": null, "x": b64(&good)}), KeyFault::Malformed("crv")),
        (json!({"kty": "OKP", "crv": "Ed25519"}), KeyFault::Missing("x")),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": 7}), KeyFault::Malformed("x")),
        (json!({"kty": "OKP", "crv": "Ed25519", "x": b64(&good) + "="}), KeyFault::Malformed("x")),
        (json!({"kty": "EC", "crv": "Ed25519", "x": b64(&good), "y": b64(&good)}), KeyFault::Unsupported),
        (json!({"kty": "OKP", "crv": "P-256", "x": b64(&good), "y": b64(&good)}), KeyFault::Unsupported),
    ] {
        assert_eq!(fault(&jwk), expected, "{jwk}");
    }
}

/// Half of all numbers are the coordinate of no point. Whether such a key is refused when it is read, or only never
/// verifies anything, is left to the library.
#[test]
fn what_is_no_point_verifies_nothing() {
    let input = good_input(Algorithm::EdDsa);
    let signatures = [
        Owner::Issuer.sign(Algorithm::EdDsa, input.as_bytes()),
        vec![0; 64],
        [vec![1], vec![0; 63]].concat(),
    ];
    for y in [2, 7, 8, 11] {
        let mut point = [0; 32];
        point[0] = y;
        assert!(ed25519_dalek::VerifyingKey::from_bytes(&point).is_err(), "{y} is a point");
        if let Ok(keys) = parse_jwk(jwk("Ed25519", &point).to_string().as_bytes(), None) {
            let gate = Gate::new(keys);
            for signature in &signatures {
                let verdict = gate.verdict(&assembled(&input, signature));
                assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{y}");
            }
        }
    }
}
