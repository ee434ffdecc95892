//! Secrets that are shared with an issuer.

use super::material::{AllowedAlgorithms, Material, sign_with};
use super::{Algorithm, Key, KeyFault};
use crate::types::{Secret, WeakSecret};

/// A secret that is shared with an issuer, long enough for [`Algorithm::Hs256`].
#[derive(Debug, Clone)]
pub struct SharedSecret(Secret);

/// What cannot be used as a shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableSecret {
    /// Too short.
    #[error(transparent)]
    Weak(#[from] WeakSecret),
    /// A key in PEM or JSON. If it is a public one, everybody could sign with it.
    #[error("is a key in PEM or JSON and no shared secret: give it as pem_file, jwk_file or jwks_file")]
    Key,
}

impl SharedSecret {
    /// Takes over `bytes`.
    ///
    /// # Errors
    ///
    /// [`UnusableSecret`] below 32 bytes, the length of the shortest hash (RFC 7518 §3.2), and for keys of another kind.
    pub fn new(bytes: Vec<u8>) -> Result<Self, UnusableSecret> {
        if reads_as_key(&bytes) {
            return Err(UnusableSecret::Key);
        }
        Ok(Self(Secret::new(bytes, 32)?))
    }

    /// The bytes, for the function that computes with them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// Its keys: one for each allowed algorithm of shared secrets, else HS256.
    ///
    /// # Errors
    ///
    /// [`KeyFault`] for an algorithm that it is too short for, or if none is allowed.
    pub fn keys(&self, allowed: AllowedAlgorithms<'_>) -> Result<Vec<Key>, KeyFault> {
        Material::Hmac(self.0.clone()).keys(None, None, allowed)
    }

    /// Signs. `None` where `algorithm` is not one of shared secrets.
    pub(in crate::authn) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Option<Vec<u8>> {
        sign_with(&self.0, algorithm, message)
    }
}

/// Whether `bytes` are the text of a key: RFC 7468 or RFC 7517.
pub(super) fn reads_as_key(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    text.starts_with(b"-----BEGIN") || text.starts_with(b"{")
}
