//! HMAC: tags that are cut, keyed otherwise, or hashed otherwise.

use ejabberd_sidecar::authn::SharedSecret;
use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, Key, parse_jwk};
use serde_json::json;
use sha2::Digest as _;

use crate::jose::b64;
use crate::jose::gate::{Gate, assembled, good_input, good_token};
use crate::jose::owner::{Owner, mac256, mac384, mac512};

const HMACS: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512];

fn secret_keys(secret: &[u8], algorithm: Algorithm) -> Vec<Key> {
    let secret = SharedSecret::new(secret.to_vec()).expect("long enough");
    secret.keys(Some(&[algorithm])).expect("allowed")
}

#[test]
fn a_tag_is_whole() {
    for algorithm in HMACS {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        let input = good_input(algorithm);
        let tag = Owner::Issuer.sign(algorithm, input.as_bytes());
        for bytes in 0..tag.len() {
            let verdict = gate.verdict(&assembled(&input, &tag[..bytes]));
            assert_eq!(verdict, Err(Refusal::SignatureInvalid), "{algorithm}: {bytes} bytes");
        }
        assert_eq!(gate.verdict(&assembled(&input, &tag)), Ok(()), "{algorithm}");
    }
}

#[test]
fn a_tag_is_of_its_own_hash_and_secret() {
    let (gate, input) = (Gate::new(Owner::Issuer.key(Algorithm::Hs256)), good_input(Algorithm::Hs256));
    let (secret, message) = (Owner::Issuer.secret(), input.as_bytes());
    let unkeyed = sha2::Sha256::digest(message).to_vec();
    for (what, tag) in [
        ("of SHA-384, cut", mac384(&secret, message)[..32].to_vec()),
        ("of SHA-512, cut", mac512(&secret, message)[..32].to_vec()),
        ("of no secret", mac256(b"", message)),
        ("of a zero", mac256(&[0], message)),
        ("of the first half of the secret", mac256(&secret[..32], message)),
        ("of the secret in base64url", mac256(b64(secret).as_bytes(), message)),
        ("of the secret in hex", mac256(hex::encode(secret).as_bytes(), message)),
        ("of the secret and a line end", mac256(&[&secret[..], b"\n"].concat(), message)),
        ("of nothing", mac256(&secret, b"")),
        ("of a hash", mac256(&secret, &unkeyed)),
        ("only a hash", unkeyed.clone()),
        ("a hash of secret and message", sha2::Sha256::digest([&secret[..], message].concat()).to_vec()),
    ] {
        assert_eq!(gate.verdict(&assembled(&input, &tag)), Err(Refusal::SignatureInvalid), "{what}");
    }
}

#[test]
fn secrets_of_any_length_work() {
    for bytes in [32, 33, 63, 64, 65, 127, 128, 129, 4096] {
        let secret = vec![b'x'; bytes];
        let input = good_input(Algorithm::Hs256);
        let token = assembled(&input, &mac256(&secret, input.as_bytes()));
        assert_eq!(Gate::new(secret_keys(&secret, Algorithm::Hs256)).verdict(&token), Ok(()), "{bytes}");
        let jwk = json!({"kty": "oct", "k": b64(&secret)}).to_string();
        let gate = Gate::new(parse_jwk(jwk.as_bytes(), None).unwrap());
        assert_eq!(gate.verdict(&token), Ok(()), "a JWK of {bytes} bytes");
    }
}

#[test]
fn any_of_several_secrets_verifies() {
    let both =
        || [Owner::Issuer, Owner::Stranger].map(|owner| secret_keys(&owner.secret(), Algorithm::Hs256));
    let gate = Gate::new(both().into_iter().flatten().collect());
    let input = good_input(Algorithm::Hs256);
    for owner in [Owner::Issuer, Owner::Stranger] {
        let tag = owner.sign(Algorithm::Hs256, input.as_bytes());
        assert_eq!(gate.verdict(&assembled(&input, &tag)), Ok(()), "{owner:?}");
    }
    let tag = mac256(&[b'x'; 64], input.as_bytes());
    assert_eq!(gate.verdict(&assembled(&input, &tag)), Err(Refusal::SignatureInvalid));
}

#[test]
fn a_secret_is_for_hs256_unless_others_are_allowed() {
    let secret = SharedSecret::new(Owner::Issuer.secret().to_vec()).unwrap();
    let gate = Gate::new(secret.keys(None).unwrap());
    for (algorithm, verdict) in [
        (Algorithm::Hs256, Ok(())),
        (Algorithm::Hs384, Err(Refusal::AlgorithmRefused)),
        (Algorithm::Hs512, Err(Refusal::AlgorithmRefused)),
    ] {
        assert_eq!(gate.verdict(&good_token(algorithm)), verdict, "{algorithm}");
    }
    let gate = Gate::new(secret.keys(Some(&HMACS)).unwrap());
    for algorithm in HMACS {
        assert_eq!(gate.verdict(&good_token(algorithm)), Ok(()), "{algorithm}");
    }
}
