//! Keys that verify tokens. The key decides the algorithm, never the token.

use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::types::{Secret, WeakSecret};

/// A signature algorithm of RFC 7518 §3.1 that keys can be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
}

impl Algorithm {
    /// The `alg` header's value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
        }
    }

    fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

/// A secret that is shared with an issuer, long enough for [`Algorithm::Hs256`].
#[derive(Debug, Clone)]
pub struct SharedSecret(Secret);

impl SharedSecret {
    /// Takes over `bytes`.
    ///
    /// # Errors
    ///
    /// [`WeakSecret`] below 32 bytes, the length of the hash: RFC 7518 §3.2.
    pub fn new(bytes: Vec<u8>) -> Result<Self, WeakSecret> {
        Secret::new(bytes, 32).map(Self)
    }

    /// The bytes, for the function that computes with them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// Signs with [`Algorithm::Hs256`]. The answer is base64url.
    pub(super) fn sign(&self, message: &[u8]) -> Result<String, jsonwebtoken::errors::Error> {
        let key = EncodingKey::from_secret(self.bytes());
        jsonwebtoken::crypto::sign(message, &key, Algorithm::Hs256.library())
    }
}

/// A key with the one algorithm it is for. Its `Debug` shows no key material.
#[derive(Debug, Clone)]
pub struct Key {
    algorithm: Algorithm,
    verifying: DecodingKey,
}

impl From<&SharedSecret> for Key {
    fn from(secret: &SharedSecret) -> Self {
        Self { algorithm: Algorithm::Hs256, verifying: DecodingKey::from_secret(secret.bytes()) }
    }
}

impl Key {
    /// The algorithm this key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` (base64url) is this key's over `signed`, in constant time where the key is secret.
    #[must_use]
    pub fn verifies(&self, signed: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, signed, &self.verifying, self.algorithm.library())
            .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_hides_itself_and_refuses_weak_secrets() {
        let secret = SharedSecret::new(b"0123456789abcdef0123456789abcdef".to_vec()).unwrap();
        let shown = format!("{secret:?} {:?}", Key::from(&secret));
        assert!(!shown.contains("0123") && !shown.contains("48, 49"), "{shown}");
        assert_eq!(SharedSecret::new(vec![b'x'; 31]).unwrap_err(), WeakSecret { have: 31, need: 32 });
    }
}
