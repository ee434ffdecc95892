//! Keys that a crypto library alone would take, and names that would become others.

use ejabberd_sidecar::authn::SharedSecret;
use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{KeyFault, KeyKind, SetFault, parse_jwk, parse_pem};
use serde_json::json;

use crate::jose::der::{self, pem, spki};
use crate::jose::gate::{Gate, assembled, claims, signed, signing_input};
use crate::jose::keys::RSA_N;
use crate::jose::owner::Owner;
use crate::jose::parse::fault;
use crate::jose::{SMALL_ORDER, b64, unb64, unhex};

fn ed25519(point: &[u8]) -> serde_json::Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": b64(point)})
}

/// `R` the identity, `s` zero: holds for every message that hashes to a multiple of the key's order, one in eight at worst.
#[test]
fn nobody_signs_for_a_key_of_small_order() {
    let forged = [vec![1], vec![0; 63]].concat();
    let mut logins = Vec::new();
    for point in SMALL_ORDER {
        let Ok(keys) = parse_jwk(ed25519(&unhex(point)).to_string().as_bytes(), None) else { continue };
        let gate = Gate::new(keys);
        let tokens = (0..100).map(|jti| {
            let mut claims = claims();
            claims["jti"] = jti.into();
            assembled(&signing_input(&json!({"alg": "EdDSA"}), &claims), &forged)
        });
        let good = tokens.filter(|token| gate.verdict(token) == Ok(())).count();
        logins.push((point, good));
    }
    assert!(logins.iter().all(|(_, good)| *good == 0), "of 100 forged tokens each: {logins:#?}");
}

/// So it should not be a key at all.
#[test]
fn a_point_of_small_order_is_no_key() {
    for point in SMALL_ORDER {
        assert_eq!(fault(&ed25519(&unhex(point))), KeyFault::Unusable, "{point}");
        let file = pem("PUBLIC KEY", &spki(der::ED25519, "", &unhex(point)));
        let expected = SetFault::Key { position: 1, fault: KeyFault::Unusable };
        assert_eq!(parse_pem(file.as_bytes(), None).unwrap_err(), expected, "{point}");
    }
}

/// Two accounts of an identity provider, told apart by the domain of their names, become one JID.
#[test]
fn a_domain_does_not_fold() {
    let gate = Gate::new(Owner::Issuer.key(ejabberd_sidecar::authn::keys::Algorithm::Hs256));
    for domain in [
        "\u{ff45}xample.org",
        "\u{24d4}xample.org",
        "exam\u{ad}ple.org",
        "exa\u{200b}mple.org",
        "examp\u{2113}e.org",
    ] {
        let mut claims = claims();
        claims["sub"] = format!("alice@{domain}").into();
        let token =
            signed(ejabberd_sidecar::authn::keys::Algorithm::Hs256, &json!({"alg": "HS256"}), &claims);
        assert_eq!(gate.verdict(&token), Err(Refusal::UserClaimFolds), "{domain:?}");
    }
}

/// A public key in the place of a secret: everybody has it (CVE-2022-29217 is such a case).
#[test]
fn a_public_key_is_no_shared_secret() {
    let text = pem("PUBLIC KEY", &spki(der::EC, der::P256, &Owner::Issuer.point(KeyKind::P256)));
    for public in [text.clone(), text.trim().to_owned(), Owner::Issuer.jwk(KeyKind::Rsa).to_string()] {
        assert!(SharedSecret::new(public.clone().into_bytes()).is_err(), "{public}");
        let jwk = json!({"kty": "oct", "k": b64(&public)});
        assert_eq!(fault(&jwk), KeyFault::PublicSecret, "{public}");
    }
}

/// The second key of a file was cut off: it is forgotten without a word.
#[test]
fn a_block_that_is_cut_off_is_a_fault() {
    let key = pem("PUBLIC KEY", &spki(der::ED25519, "", &Owner::Issuer.point(KeyKind::Ed25519)));
    let cut = &key[..key.find("-----END").unwrap()];
    assert!(parse_pem(format!("{key}{cut}").as_bytes(), None).is_err());
    assert!(parse_pem(format!("{key}-----BEGIN PRIVATE KEY-----\n").as_bytes(), None).is_err());
}

/// Keys that never verify anything, which nobody is told.
#[test]
fn a_useless_key_is_refused_when_it_is_read() {
    let mut point = [0; 32];
    for y in [2, 7, 8, 11] {
        point[0] = y;
        assert_eq!(fault(&ed25519(&point)), KeyFault::Unusable, "no point on the curve");
    }
    let mut even = unb64(RSA_N);
    even[255] ^= 1;
    assert_eq!(
        fault(&json!({"kty": "RSA", "n": b64(&even), "e": "AQAB"})),
        KeyFault::Malformed("n"),
        "an even modulus"
    );
    for exponent in [&[2, 0, 0, 0, 1][..], &[0xff; 5]] {
        let jwk = json!({"kty": "RSA", "n": RSA_N, "e": b64(exponent)});
        assert_eq!(fault(&jwk), KeyFault::Malformed("e"), "above 33 bits");
    }
}

/// Whoever has one of these has the private key: RFC 7518 §6.3.2.
#[test]
fn a_factor_of_the_modulus_is_private() {
    for name in ["p", "q", "dp", "dq", "qi", "oth"] {
        let mut jwk = Owner::Issuer.jwk(KeyKind::Rsa);
        jwk[name] = "AQAB".into();
        assert_eq!(fault(&jwk), KeyFault::Private, "{name}");
    }
}

/// The library takes more than the comment at `Material` promises.
#[test]
fn a_point_is_uncompressed() {
    for (kind, curve) in [(KeyKind::P256, der::P256), (KeyKind::P384, der::P384)] {
        let good = Owner::Issuer.point(kind);
        let hybrid = [&[6 | good[good.len() - 1] & 1], &good[1..]].concat();
        let nested = spki(der::EC, curve, &good);
        for (what, point) in [("hybrid", hybrid), ("a key within a key", nested)] {
            let file = pem("PUBLIC KEY", &spki(der::EC, curve, &point));
            let parsed = parse_pem(file.as_bytes(), None);
            assert!(parsed.is_err(), "{kind}: {what}");
        }
    }
}
