//! Tokens of every kind of key, made with other libraries than the one that judges them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Signer as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, pkcs1v15, pss};
use serde_json::{Value, json};
use sha2::Sha256;

/// Of HS256.
pub(crate) const SHARED_SECRET: &[u8; 32] = b"issuer-secret-0123456789-abcdefg";

/// A private key, or a shared secret.
pub(crate) enum Signer {
    Hs256([u8; 32]),
    Rs256(Box<RsaPrivateKey>),
    Ps256(Box<RsaPrivateKey>),
    Es256(p256::ecdsa::SigningKey),
    Es384(p384::ecdsa::SigningKey),
    EdDsa(ed25519_dalek::SigningKey),
}

impl Signer {
    pub(crate) fn hs256() -> Self {
        Self::Hs256(*SHARED_SECRET)
    }

    pub(crate) fn rs256() -> Self {
        Self::Rs256(rsa_key())
    }

    pub(crate) fn ps256() -> Self {
        Self::Ps256(rsa_key())
    }

    /// Keys of different seeds are different.
    pub(crate) fn es256(seed: u8) -> Self {
        Self::Es256(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).expect("a scalar of P-256"))
    }

    pub(crate) fn es384() -> Self {
        Self::Es384(p384::ecdsa::SigningKey::from_slice(&[7; 48]).expect("a scalar of P-384"))
    }

    pub(crate) fn eddsa() -> Self {
        Self::EdDsa(ed25519_dalek::SigningKey::from_bytes(&[7; 32]))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::Rs256(_) => "RS256",
            Self::Ps256(_) => "PS256",
            Self::Es256(_) => "ES256",
            Self::Es384(_) => "ES384",
            Self::EdDsa(_) => "EdDSA",
        }
    }

    /// What verifies its tokens.
    pub(crate) fn jwk(&self, id: Option<&str>) -> Value {
        let mut jwk = match self {
            Self::Hs256(secret) => json!({"kty": "oct", "k": base64url(secret)}),
            Self::Rs256(key) | Self::Ps256(key) => {
                json!({"kty": "RSA", "n": base64url(&key.n_bytes()), "e": base64url(&key.e_bytes())})
            }
            Self::Es256(key) => ec_jwk("P-256", key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::Es384(key) => ec_jwk("P-384", key.verifying_key().to_sec1_point(false).as_bytes()),
            Self::EdDsa(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(key.verifying_key().as_bytes())})
            }
        };
        jwk["alg"] = self.algorithm().into();
        if let Some(id) = id {
            jwk["kid"] = id.into();
        }
        jwk
    }

    /// A token of `issuer` for alice, good for an hour.
    pub(crate) fn token(&self, issuer: &str, key_id: Option<&str>) -> String {
        let mut header = json!({"alg": self.algorithm(), "typ": "JWT"});
        if let Some(id) = key_id {
            header["kid"] = id.into();
        }
        self.jwt(&header, &json!({"iss": issuer, "sub": "alice", "iat": now(), "exp": now() + 3600}))
    }

    pub(crate) fn jwt(&self, header: &Value, claims: &Value) -> String {
        let signed = [header, claims].map(|part| base64url(part.to_string().as_bytes())).join(".");
        format!("{signed}.{}", base64url(&self.sign(signed.as_bytes())))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Hs256(secret) => {
                let mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
                mac.chain_update(message).finalize().into_bytes().to_vec()
            }
            Self::Rs256(key) => {
                pkcs1v15::SigningKey::<Sha256>::new(RsaPrivateKey::clone(key)).sign(message).to_vec()
            }
            Self::Ps256(key) => {
                let key = pss::SigningKey::<Sha256>::new(RsaPrivateKey::clone(key));
                key.sign_with_rng(&mut rand::rng(), message).to_vec()
            }
            Self::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_vec()
            }
            Self::Es384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_vec()
            }
            Self::EdDsa(key) => key.sign(message).to_vec(),
        }
    }
}

/// The same token with another signature of the same length.
pub(crate) fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{other}{}", &signature[1..])
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn rsa_key() -> Box<RsaPrivateKey> {
    Box::new(RsaPrivateKey::new(&mut rand::rng(), 2048).expect("a key of a usual size"))
}

fn ec_jwk(curve: &str, point: &[u8]) -> Value {
    let (x, y) = point[1..].split_at(point.len() / 2);
    json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)})
}

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
