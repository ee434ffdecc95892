//! Keys that verify tokens. The key decides the algorithm, never the token.

mod algorithm;
mod expiry;
mod fault;
mod jwk;
mod jwks;
mod material;
mod pem;
mod secret;
mod seen;
mod set;

use std::sync::Arc;

pub use self::algorithm::{Algorithm, KeyKind};
pub use self::expiry::certificate_expires;
pub use self::fault::{KeyFault, SetFault};
pub use self::jwk::parse_jwk;
pub use self::jwks::{ParsedSet, SkippedKey, parse_jwks};
pub use self::material::AllowedAlgorithms;
use self::material::Verifying;
pub use self::pem::parse_pem;
pub use self::secret::{SharedSecret, UnusableSecret};
pub use self::set::{IssuerKeys, KeySet, NoSuchKey};

/// The `kid` of a key.
pub type KeyId = Arc<str>;

/// A key with the one algorithm it is for. Its `Debug` shows no key material.
#[derive(Debug)]
pub struct Key {
    id: Option<KeyId>,
    algorithm: Algorithm,
    verifying: Verifying,
}

impl Key {
    /// Its `kid`, where it has one: keys out of a JWK.
    #[must_use]
    pub fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// The algorithm this key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` is this key's over `signed`, in constant time where the key is secret.
    #[must_use]
    pub fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        self.verifying.verifies(signed, signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::WeakSecret;

    #[test]
    fn a_key_hides_itself_and_refuses_weak_secrets() {
        let secret = SharedSecret::new(b"0123456789abcdef0123456789abcdef".to_vec()).unwrap();
        let shown = format!("{secret:?} {:?}", secret.keys(None).unwrap());
        assert!(!shown.contains("0123") && !shown.contains("48, 49"), "{shown}");
        assert_eq!(SharedSecret::new(vec![b'x'; 31]).unwrap_err(), WeakSecret { have: 31, need: 32 }.into());
    }

    #[test]
    fn a_secret_is_as_long_as_the_hash_of_each_algorithm() {
        let secret = SharedSecret::new(vec![b'x'; 48]).unwrap();
        let keys = |algorithms: &[Algorithm]| {
            secret.keys(Some(algorithms)).map(|keys| keys.iter().map(Key::algorithm).collect::<Vec<_>>())
        };
        let both = [Algorithm::Hs256, Algorithm::Hs384];
        assert_eq!(keys(&both), Ok(both.to_vec()));
        assert_eq!(
            keys(&[Algorithm::Hs256, Algorithm::Hs512]),
            Err(KeyFault::ShortSecret { algorithm: Algorithm::Hs512, have: 48, need: 64 })
        );
        assert_eq!(keys(&[Algorithm::Rs256]), Err(KeyFault::NotAllowed { kind: KeyKind::Hmac }));
    }
}
