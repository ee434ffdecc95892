//! Users that logged in.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use crate::types::BareJid;

/// Remembers users for as long as the process runs. It grows with the users that an issuer vouched for, which no stranger can make more of.
#[derive(Debug, Default)]
pub(super) struct SeenUsers(RwLock<HashSet<BareJid>>);

impl SeenUsers {
    pub(super) fn contains(&self, user: &BareJid) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(user)
    }

    pub(super) fn insert(&self, user: BareJid) {
        // Most logins are not the first one: these share the lock.
        if !self.contains(&user) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(user);
        }
    }
}
