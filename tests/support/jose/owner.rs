//! Who signs: the issuer, and somebody else with a key of the same kind.

use ejabberd_sidecar::authn::keys::{Algorithm, Key, KeyKind, parse_jwk};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::RsaPrivateKey;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Signer as _};
use rsa::{pkcs1v15, pss};
use serde_json::{Value, json};
use sha2::{Sha256, Sha384, Sha512};

use super::{b64, keys, unhex};

/// Whoever has a private key, or a secret, of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The one whose keys are configured.
    Issuer,
    /// Somebody else.
    Stranger,
}

impl Owner {
    /// A signature as RFC 7515 has it.
    pub(crate) fn sign(self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        match algorithm {
            Algorithm::Hs256 => mac256(&self.secret(), message),
            Algorithm::Hs384 => mac384(&self.secret(), message),
            Algorithm::Hs512 => mac512(&self.secret(), message),
            Algorithm::Rs256 => {
                pkcs1v15::SigningKey::<Sha256>::new(self.rsa().clone()).sign(message).to_vec()
            }
            Algorithm::Rs384 => {
                pkcs1v15::SigningKey::<Sha384>::new(self.rsa().clone()).sign(message).to_vec()
            }
            Algorithm::Rs512 => {
                pkcs1v15::SigningKey::<Sha512>::new(self.rsa().clone()).sign(message).to_vec()
            }
            Algorithm::Ps256 => pss::SigningKey::<Sha256>::new(self.rsa().clone())
                .sign_with_rng(&mut rand::rng(), message)
                .to_vec(),
            Algorithm::Ps384 => pss::SigningKey::<Sha384>::new(self.rsa().clone())
                .sign_with_rng(&mut rand::rng(), message)
                .to_vec(),
            Algorithm::Ps512 => pss::SigningKey::<Sha512>::new(self.rsa().clone())
                .sign_with_rng(&mut rand::rng(), message)
                .to_vec(),
            Algorithm::Es256 => {
                let signature: p256::ecdsa::Signature = self.p256().sign(message);
                signature.to_bytes().to_vec()
            }
            Algorithm::Es384 => {
                let signature: p384::ecdsa::Signature = self.p384().sign(message);
                signature.to_bytes().to_vec()
            }
            Algorithm::EdDsa => self.ed25519().sign(message).to_vec(),
        }
    }

    /// The public key (or the secret) as a JWK, with nothing in it but the key.
    pub(crate) fn jwk(self, kind: KeyKind) -> Value {
        match kind {
            KeyKind::Hmac => json!({"kty": "oct", "k": b64(self.secret())}),
            KeyKind::Rsa => json!({"kty": "RSA", "n": self.modulus(), "e": "AQAB"}),
            KeyKind::P256 => ec_jwk("P-256", &self.point(kind)),
            KeyKind::P384 => ec_jwk("P-384", &self.point(kind)),
            KeyKind::Ed25519 => json!({"kty": "OKP", "crv": "Ed25519", "x": b64(self.point(kind))}),
        }
    }

    /// The key, for one algorithm.
    pub(crate) fn key(self, algorithm: Algorithm) -> Vec<Key> {
        let jwk = self.jwk(algorithm.kind()).to_string();
        parse_jwk(jwk.as_bytes(), Some(&[algorithm])).expect("a good key")
    }

    /// The public key's point: uncompressed, or as Ed25519 has it.
    pub(crate) fn point(self, kind: KeyKind) -> Vec<u8> {
        match kind {
            KeyKind::P256 => self.p256().verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            KeyKind::P384 => self.p384().verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            KeyKind::Ed25519 => self.ed25519().verifying_key().to_bytes().to_vec(),
            KeyKind::Hmac | KeyKind::Rsa => unreachable!("{kind} has no point"),
        }
    }

    /// A shared secret, long enough for all of HMAC's hashes.
    pub(crate) fn secret(self) -> [u8; 64] {
        match self {
            Self::Issuer => [b'i'; 64],
            Self::Stranger => [b's'; 64],
        }
    }

    pub(crate) fn modulus(self) -> &'static str {
        match self {
            Self::Issuer => keys::RSA_N,
            Self::Stranger => keys::OTHER_RSA_N,
        }
    }

    pub(crate) fn rsa(self) -> &'static RsaPrivateKey {
        match self {
            Self::Issuer => &keys::RSA,
            Self::Stranger => &keys::OTHER_RSA,
        }
    }

    pub(crate) fn p256(self) -> p256::ecdsa::SigningKey {
        let scalar = self.either(keys::P256_D, keys::OTHER_P256_D);
        p256::ecdsa::SigningKey::from_slice(&scalar).expect("a scalar")
    }

    pub(crate) fn p384(self) -> p384::ecdsa::SigningKey {
        let scalar = self.either(keys::P384_D, keys::OTHER_P384_D);
        p384::ecdsa::SigningKey::from_slice(&scalar).expect("a scalar")
    }

    pub(crate) fn ed25519(self) -> ed25519_dalek::SigningKey {
        let seed = self.either(keys::ED25519_D, keys::OTHER_ED25519_D);
        ed25519_dalek::SigningKey::from_bytes(&seed.try_into().expect("32 bytes"))
    }

    fn either(self, issuer: &str, stranger: &str) -> Vec<u8> {
        unhex(match self {
            Self::Issuer => issuer,
            Self::Stranger => stranger,
        })
    }
}

fn ec_jwk(curve: &str, point: &[u8]) -> Value {
    let (x, y) = point[1..].split_at(point.len() / 2);
    json!({"kty": "EC", "crv": curve, "x": b64(x), "y": b64(y)})
}

/// HMAC with SHA-256.
pub(crate) fn mac256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// HMAC with SHA-384.
pub(crate) fn mac384(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha384>::new_from_slice(secret).expect("any length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}

/// HMAC with SHA-512.
pub(crate) fn mac512(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mac = Hmac::<Sha512>::new_from_slice(secret).expect("any length");
    mac.chain_update(message).finalize().into_bytes().to_vec()
}
