//! Secrets that are shared with an issuer.

use super::material::{AllowedAlgorithms, Material, sign_with};
use super::{Algorithm, Key, KeyFault};
use crate::types::{Secret, WeakSecret};

/// A secret that is shared with an issuer, long enough for [`Algorithm::Hs256`].
#[derive(Debug, Clone)]
pub struct SharedSecret(Secret);

impl SharedSecret {
    /// Takes over `bytes`.
    ///
    /// # Errors
    ///
    /// [`WeakSecret`] below 32 bytes, the length of the shortest hash: RFC 7518 §3.2.
    pub fn new(bytes: Vec<u8>) -> Result<Self, WeakSecret> {
        Secret::new(bytes, 32).map(Self)
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
