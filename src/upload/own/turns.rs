//! One after the other, in constant memory.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use futures_util::lock::{Mutex, MutexGuard};

use crate::types::UserHash;

/// So many users are waited for apart from each other. Two in one place wait for each other, which does no harm.
const PLACES: usize = 64;

/// Turns that users take.
#[derive(Debug)]
pub(super) struct Turns([Mutex<()>; PLACES]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Turns {
    /// Waits until it is this user's turn, which lasts as long as the answer lives.
    pub(super) async fn take(&self, user: UserHash) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        user.hash(&mut hasher);
        let at = usize::try_from(hasher.finish()).unwrap_or(usize::MAX) % PLACES;
        self.0[at].lock().await
    }
}
