//! The keys of an issuer, and their exchange while tokens are verified with them.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::material::sign_with;
use super::{Algorithm, Key, KeyKind};
use crate::types::Secret;

/// Keys, one of which has to be the one that a token was signed with.
#[derive(Debug, Default)]
pub struct KeySet(Vec<Key>);

/// Why no key of a set comes into question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoSuchKey {
    /// None is for this algorithm.
    Algorithm,
    /// None of those has this `kid`.
    Id,
    /// There is none at all.
    Any,
}

impl KeySet {
    /// These keys.
    #[must_use]
    pub fn new(keys: Vec<Key>) -> Self {
        Self(keys)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether whoever verifies with these keys could sign with them.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.iter().any(|key| key.algorithm().kind() == KeyKind::Hmac)
    }

    /// Whether one of these keys is this secret.
    #[must_use]
    pub fn holds_secret(&self, secret: &Secret) -> bool {
        const PROBE: &[u8] = b"the same key signs alike";
        self.0.iter().any(|key| {
            let signature = sign_with(secret, key.algorithm, PROBE);
            signature.is_some_and(|signature| key.verifies(PROBE, &signature))
        })
    }

    /// The keys that a token with these headers may have been signed with: of its algorithm, and where the token names a key,
    /// that one or those without a name.
    ///
    /// # Errors
    ///
    /// [`NoSuchKey`] if there is none.
    pub fn candidates<'set>(
        &'set self,
        algorithm: Algorithm,
        id: Option<&str>,
    ) -> Result<impl Iterator<Item = &'set Key>, NoSuchKey> {
        if !self.0.iter().any(|key| key.algorithm == algorithm) {
            return Err(if self.is_empty() { NoSuchKey::Any } else { NoSuchKey::Algorithm });
        }
        let asked_for = move |key: &&Key| {
            let named = id.is_none_or(|id| key.id().is_none_or(|own| **own == *id));
            key.algorithm == algorithm && named
        };
        let mut found = self.0.iter().filter(asked_for).peekable();
        if found.peek().is_none() { Err(NoSuchKey::Id) } else { Ok(found) }
    }
}

/// The keys that an issuer has now. Its clones are the same.
#[derive(Debug, Clone)]
pub struct IssuerKeys(Arc<ArcSwap<KeySet>>);

impl IssuerKeys {
    /// Begins with these.
    #[must_use]
    pub fn new(keys: KeySet) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(keys)))
    }

    /// Those of now.
    #[must_use]
    pub fn now(&self) -> Guard<Arc<KeySet>> {
        self.0.load()
    }

    /// From now on these, and none of those before.
    pub fn replace(&self, keys: KeySet) {
        self.0.store(Arc::new(keys));
    }
}
