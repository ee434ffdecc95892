//! Key confusion: the public key, which everybody has, as the secret of an HMAC. And keys that a token brings along.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeyKind, parse_jwk, parse_pem};
use serde_json::{Value, json};

use crate::jose::der::{self, pem, spki};
use crate::jose::gate::{Gate, assembled, claims, good_token, signing_input};
use crate::jose::owner::{Owner, mac256, mac384, mac512};
use crate::jose::{b64, unb64};

const PUBLIC: [(KeyKind, Algorithm); 4] = [
    (KeyKind::Rsa, Algorithm::Rs256),
    (KeyKind::P256, Algorithm::Es256),
    (KeyKind::P384, Algorithm::Es384),
    (KeyKind::Ed25519, Algorithm::EdDsa),
];

/// The issuer's public key as a `SubjectPublicKeyInfo`.
fn public_der(kind: KeyKind) -> Vec<u8> {
    let point = || Owner::Issuer.point(kind);
    match kind {
        KeyKind::P256 => spki(der::EC, der::P256, &point()),
        KeyKind::P384 => spki(der::EC, der::P384, &point()),
        KeyKind::Ed25519 => spki(der::ED25519, "", &point()),
        _ => {
            let key = der::rsa_public_key(&unb64(Owner::Issuer.modulus()), &[1, 0, 1]);
            spki(der::RSA, &hex::encode(der::NULL), &key)
        }
    }
}

/// Every form of the public key that an attacker may try as a secret.
fn forms(kind: KeyKind) -> Vec<(&'static str, Vec<u8>)> {
    let der = public_der(kind);
    let text = pem("PUBLIC KEY", &der);
    let jwk = Owner::Issuer.jwk(kind);
    let lines: String = text.lines().filter(|line| !line.starts_with("--")).collect();
    let first = ["n", "x"].into_iter().find_map(|name| jwk[name].as_str()).expect("a number").to_owned();
    vec![
        ("PEM", text.clone().into_bytes()),
        ("PEM without its last line end", text.trim_end().as_bytes().to_vec()),
        ("PEM with the line ends of DOS", text.replace('\n', "\r\n").into_bytes()),
        ("the base64 of the PEM", lines.into_bytes()),
        ("the base64 of the PEM, as a JWK has it", b64(&text).into_bytes()),
        ("DER", der),
        ("JWK", jwk.to_string().into_bytes()),
        ("a JWK with spaces", format!("{jwk:#}").into_bytes()),
        ("JWKS", json!({"keys": [jwk]}).to_string().into_bytes()),
        ("the number itself", unb64(&first)),
        ("the number in base64url", first.into_bytes()),
        ("nothing", vec![]),
    ]
}

#[test]
fn the_public_key_is_no_secret() {
    for (kind, algorithm) in PUBLIC {
        let jwk = Owner::Issuer.jwk(kind).to_string();
        let pem = pem("PUBLIC KEY", &public_der(kind));
        let gates = [
            Gate::new(parse_jwk(jwk.as_bytes(), None).unwrap()),
            Gate::new(parse_pem(pem.as_bytes(), None).unwrap()),
            Gate::new(parse_jwk(jwk.as_bytes(), Some(&Algorithm::ALL)).unwrap()),
            Gate::new(parse_pem(pem.as_bytes(), Some(&Algorithm::ALL)).unwrap()),
        ];
        for (form, secret) in forms(kind) {
            for (name, mac) in
                [("HS256", mac256 as fn(&[u8], &[u8]) -> Vec<u8>), ("HS384", mac384), ("HS512", mac512)]
            {
                let input = signing_input(&json!({ "alg": name }), &claims());
                let token = assembled(&input, &mac(&secret, input.as_bytes()));
                // The same tag below the algorithm of the key.
                let renamed = signing_input(&json!({"alg": algorithm.name()}), &claims());
                let renamed = assembled(&renamed, &mac(&secret, renamed.as_bytes()));
                for gate in &gates {
                    assert_eq!(gate.verdict(&token), Err(Refusal::AlgorithmRefused), "{kind} {form} {name}");
                    assert_eq!(
                        gate.verdict(&renamed),
                        Err(Refusal::SignatureInvalid),
                        "{kind} {form} {name}"
                    );
                }
            }
        }
        assert_eq!(gates[0].verdict(&good_token(algorithm)), Ok(()), "{kind}");
    }
}

/// Headers that bring a key along, or say where there is one. The stranger signs with it.
#[test]
fn a_token_brings_no_key_along() {
    for (kind, algorithm) in PUBLIC {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        let own = Owner::Stranger.jwk(kind);
        for (name, value) in [
            ("jwk", own.clone()),
            ("jku", json!("https://stranger.example/keys")),
            ("x5u", json!("https://stranger.example/chain.pem")),
            ("x5c", json!(["MIIB"])),
            ("x5t#S256", json!("AAAA")),
            ("kid", json!("stranger")),
            ("kid", own),
            ("kid", json!("../../../../dev/null")),
            ("kid", json!("https://stranger.example/keys")),
            ("kid", json!("x' UNION SELECT 'secret")),
        ] {
            let input = signing_input(&json!({"alg": algorithm.name(), name: value}), &claims());
            let verdict =
                |owner: Owner| gate.verdict(&assembled(&input, &owner.sign(algorithm, input.as_bytes())));
            let text = value.is_string() || name != "kid";
            let expected = |good| if text { good } else { Err(Refusal::KeyIdMalformed) };
            assert_eq!(verdict(Owner::Stranger), expected(Err(Refusal::SignatureInvalid)), "{name} {value}");
            assert_eq!(verdict(Owner::Issuer), expected(Ok(())), "{name} {value}");
        }
    }
}

/// An unsigned token with the header of a signed one, and the other way round.
#[test]
fn none_is_no_algorithm_of_any_key() {
    for (_, algorithm) in PUBLIC {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        let unsigned = |header: Value, refusal: Refusal| {
            let token = format!("{}.", signing_input(&header, &claims()));
            assert_eq!(gate.verdict(&token), Err(refusal), "{header}");
        };
        unsigned(json!({"alg": "none"}), Refusal::AlgorithmNone);
        unsigned(json!({"alg": algorithm.name()}), Refusal::SignatureInvalid);
        unsigned(json!({"alg": null}), Refusal::AlgorithmRefused);
        unsigned(json!({"alg": ["none"]}), Refusal::AlgorithmRefused);
        unsigned(json!({"alg": [algorithm.name()]}), Refusal::AlgorithmRefused);
        unsigned(json!({"alg": {"name": algorithm.name()}}), Refusal::AlgorithmRefused);
    }
}
