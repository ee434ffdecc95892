//! Users who were erased, and what is left of their slots.

use std::time::SystemTime;

use super::CLOCKS;
use crate::login::Registry;
use crate::store::{Lifetime, ObjectKey, Store, StoreError};
use crate::types::{ContentType, UserHash, since_1970};

/// Says that `user` was erased just now, durably.
pub(super) async fn bury(store: &Store, user: UserHash) -> Result<(), StoreError> {
    let tomb = ObjectKey::tomb(user);
    if let Some(seen) = store.head(&tomb).await? {
        // He was before, and came back. Its time is what counts.
        return store.bury(&tomb, &seen, Lifetime::default()).await;
    }
    store.note(&tomb, ContentType::unknown(), String::new()).await
}

/// Whether a slot of `user` is dead: he was erased, the registry does not know him, and nothing tells that the slot was `issued` (seconds since 1970) since.
///
/// A tomb stays for good. Of the few users who have one, those who came back are known to the registry, if their logins go through it.
pub(super) async fn is_dead(
    store: &Store,
    registry: &Registry,
    user: UserHash,
    issued: Option<u64>,
) -> Result<bool, StoreError> {
    let Some(tomb) = store.head(&ObjectKey::tomb(user)).await? else { return Ok(false) };
    Ok(!is_from_before(tomb.modified, issued) && !registry.knows(user).await?)
}

/// Whether the tomb is from before the slot, whichever clocks told their times. A store that does not tell one says 1970.
fn is_from_before(tomb: SystemTime, issued: Option<u64>) -> bool {
    let tomb = since_1970(tomb).as_secs();
    tomb > 0 && issued.is_some_and(|issued| issued > tomb.saturating_add(CLOCKS))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::store::MemoryStore;
    use crate::types::BareJid;
    use crate::types::seconds_since_1970;

    #[test]
    fn a_slot_counts_that_was_certainly_issued_later() {
        let tomb = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        for (issued, counts) in [
            (None, false),
            (Some(0), false),
            (Some(1_800_000_000), false),
            (Some(1_800_003_600), false),
            (Some(1_800_003_601), true),
        ] {
            assert_eq!(is_from_before(tomb, issued), counts, "{issued:?}");
        }
        assert!(!is_from_before(SystemTime::UNIX_EPOCH, Some(u64::MAX)), "nobody knows when");
    }

    #[tokio::test]
    async fn who_is_erased_again_is_erased_from_then_on() {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let registry = Registry::new(Arc::clone(&store));
        let alice = UserHash::from(&BareJid::new("alice@localhost").unwrap());
        let dead = async |issued| is_dead(&store, &registry, alice, issued).await.unwrap();
        assert!(!dead(None).await);
        bury(&store, alice).await.unwrap();
        let first = store.head(&ObjectKey::tomb(alice)).await.unwrap().unwrap().modified;
        assert!(dead(None).await && dead(Some(seconds_since_1970())).await);
        assert!(!dead(Some(seconds_since_1970() + CLOCKS + 60)).await);
        tokio::time::sleep(Duration::from_millis(2)).await;
        bury(&store, alice).await.unwrap();
        assert!(store.head(&ObjectKey::tomb(alice)).await.unwrap().unwrap().modified > first);
        registry.register(&BareJid::new("alice@localhost").unwrap()).await.unwrap();
        assert!(!dead(None).await, "he has come back");
    }
}
