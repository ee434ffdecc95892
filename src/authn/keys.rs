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

    /// The fewest bytes a key may have: the length of the hash, RFC 7518 §3.2.
    #[must_use]
    pub fn min_key_bytes(self) -> usize {
        match self {
            Self::Hs256 => 32,
        }
    }

    fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

/// A key with the one algorithm it is for. Its `Debug` shows no key material.
#[derive(Debug, Clone)]
pub struct Key {
    algorithm: Algorithm,
    verifying: DecodingKey,
}

impl Key {
    /// A secret shared with the issuer, for [`Algorithm::Hs256`].
    ///
    /// # Errors
    ///
    /// [`WeakSecret`] below [`Algorithm::min_key_bytes`].
    pub fn shared_secret(secret: &Secret) -> Result<Self, WeakSecret> {
        let algorithm = Algorithm::Hs256;
        let (have, need) = (secret.bytes().len(), algorithm.min_key_bytes());
        if have < need {
            return Err(WeakSecret { have, need });
        }
        Ok(Self { algorithm, verifying: DecodingKey::from_secret(secret.bytes()) })
    }

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

/// Signs with a shared secret, for `token mint`. The answer is base64url.
pub(super) fn sign_with_secret(
    secret: &Secret,
    message: &[u8],
) -> Result<String, jsonwebtoken::errors::Error> {
    let key = EncodingKey::from_secret(secret.bytes());
    jsonwebtoken::crypto::sign(message, &key, Algorithm::Hs256.library())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_hides_itself_and_refuses_weak_secrets() {
        let secret = Secret::new(b"0123456789abcdef0123456789abcdef".to_vec(), 0).unwrap();
        let shown = format!("{:?}", Key::shared_secret(&secret).unwrap());
        assert!(!shown.contains("0123") && !shown.contains("48, 49"), "{shown}");
        let weak = Secret::new(vec![b'x'; 31], 0).unwrap();
        assert_eq!(Key::shared_secret(&weak).unwrap_err(), WeakSecret { have: 31, need: 32 });
    }
}
