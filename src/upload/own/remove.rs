//! A user removes a file of his.

use std::time::Duration;

use super::place::OwnName;
use super::{OwnFiles, OwnRefusal};
use crate::login::TokenUser;
use crate::store::ObjectInfo;
use crate::upload::trail::{Pointed, Trail};

impl OwnFiles {
    /// Removes the file that he calls `name` (percent-encoded), durably, and answers how many bytes it had. Its slot stays used. What failed can
    /// be tried again. `now` is the time since 1970.
    ///
    /// # Errors
    ///
    /// [`OwnRefusal`]; somebody else's file is none of his.
    pub async fn remove(&self, user: &TokenUser, name: &str, now: Duration) -> Result<u64, OwnRefusal> {
        self.count(user, now)?;
        let name = OwnName::parse(name)?;
        // A file that two requests remove at once leaves its sum once.
        let _turn = self.bounds.removals.take(user.hash()).await;
        let found = self.find(user, &name).await?;
        let now = now.as_secs();
        let (trail, info) = found.filter(|(_, info)| !info.life.is_over(now)).ok_or(OwnRefusal::Missing)?;
        if trail.pointed.is_some() {
            // Whoever dies in between leaves this, and a sweep removes a pointer to what is gone.
            trail.note_entry_if_room(&self.store, now).await?;
        }
        trail.bury(&self.store, &info).await?;
        self.usage.removed(user.vhost(), Some(user.hash()), &trail.file(), info.size);
        // After the file: without it he would not find the file any more, which others could still fetch.
        trail.delete_pointer(&self.store).await?;
        Ok(info.size)
    }

    async fn find(
        &self,
        user: &TokenUser,
        name: &OwnName,
    ) -> Result<Option<(Trail, ObjectInfo)>, OwnRefusal> {
        let (vhost, owner) = (user.vhost().clone(), user.hash());
        let named = Trail { vhost: vhost.clone(), path: name.below(owner)?, pointed: None };
        if let Some(info) = self.store.head(&named.file()).await? {
            return Ok(Some((named, info)));
        }
        let other = Trail { vhost, path: name.alone().clone(), pointed: None };
        let Some(info) = self.store.head(&other.file()).await? else { return Ok(None) };
        let pointed = Trail { pointed: Some(Pointed { owner, size: info.size }), ..other };
        let is_his = match pointed.pointer() {
            Some(key) => self.store.head(&key).await?.is_some(),
            None => false,
        };
        Ok(is_his.then_some((pointed, info)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::Full;

    use super::*;
    use crate::store::{Lifetime, MemoryStore, NewObject, ObjectKey, ObjectPrefix, Store};
    use crate::types::{ContentType, ObjectPath};
    use crate::upload::Sweeper;
    use crate::upload::own::tests::own_files;

    const NOW: u64 = 1_800_000_000;
    const HOUR: u64 = 3600;

    async fn entries(store: &Store) -> usize {
        let mut entries = 0;
        store.list(&ObjectPrefix::expiring(), None, |_| entries += 1).await.unwrap();
        entries
    }

    /// A file of somebody, removed now, and hours of sweeps.
    async fn check(keep_until: Option<u64>, slot_ends: Option<u64>) {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let (own, user) = (own_files(&store, 1000), TokenUser::of("alice@localhost"));
        let path = ObjectPath::parse(&format!("{}/r/name", user.hash())).unwrap();
        let file = ObjectKey::file(user.vhost(), &path);
        if let Some(deadline) = keep_until {
            let trail = Trail { vhost: user.vhost().clone(), path, pointed: None };
            trail.note_entry(&store, deadline).await.unwrap();
        }
        let life = Lifetime { keep_until, slot_ends, buried: false };
        let object = NewObject { life, ..NewObject::lasting(4, ContentType::unknown()) };
        store.put(&file, object, Full::from("data")).await.unwrap();

        let now = Duration::from_secs(NOW);
        assert_eq!(own.remove(&user, "r/name", now).await.unwrap(), 4);
        assert!(matches!(own.remove(&user, "r/name", now).await, Err(OwnRefusal::Missing)));
        let mut sweeper = Sweeper::new(Arc::clone(&store), Arc::clone(&own.usage));
        for hour in 0..72 {
            let now = NOW + hour * HOUR;
            sweeper.round(now).await.unwrap();
            if slot_ends.is_none_or(|ends| ends > now) {
                assert!(
                    store.head(&file).await.unwrap().is_some_and(|info| info.life.buried),
                    "after {hour} h"
                );
            }
        }
        assert_eq!(entries(&store).await, 0, "nothing is left to do");
        assert_eq!(
            store.head(&file).await.unwrap().is_some(),
            slot_ends.is_none(),
            "a slot without end stays used"
        );
    }

    #[tokio::test]
    async fn the_sweep_decides_how_long_the_name_stays() {
        for keep_until in [None, Some(NOW + 10), Some(NOW + 300), Some(NOW + 24 * HOUR)] {
            for slot_ends in [None, Some(NOW - 24 * HOUR), Some(NOW + 300), Some(NOW + 10 * HOUR)] {
                check(keep_until, slot_ends).await;
            }
        }
    }

    /// Somebody's file, whose slot has an end.
    async fn file_of_slot(store: &Store, user: &TokenUser, slot_ends: u64) -> Trail {
        let path = ObjectPath::parse("uuid/name").unwrap();
        let pointed = Some(Pointed { owner: user.hash(), size: 4 });
        let trail = Trail { vhost: user.vhost().clone(), path, pointed };
        let life = Lifetime { slot_ends: Some(slot_ends), ..Lifetime::default() };
        let object = NewObject { life, ..NewObject::lasting(4, ContentType::unknown()) };
        trail.note_pointer(store).await.unwrap();
        store.put(&trail.file(), object, Full::from("data")).await.unwrap();
        trail
    }

    #[tokio::test]
    async fn a_clock_that_is_ahead_does_not_free_a_slot() {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let (own, user) = (own_files(&store, 1000), TokenUser::of("alice@localhost"));
        let trail = file_of_slot(&store, &user, NOW).await;
        own.remove(&user, "uuid/name", Duration::from_secs(NOW + 24 * HOUR)).await.unwrap();
        assert!(store.head(&trail.file()).await.unwrap().is_some_and(|info| info.life.buried));
    }

    #[tokio::test]
    async fn there_is_room_to_make_room() {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let Store::Memory(memory) = &*store else { unreachable!("it is in memory") };
        let (own, user) = (own_files(&store, 1000), TokenUser::of("alice@localhost"));
        let trail = file_of_slot(&store, &user, NOW + 300).await;
        memory.fills_up();
        assert_eq!(own.remove(&user, "uuid/name", Duration::from_secs(NOW)).await.unwrap(), 4);
        assert!(store.head(&trail.file()).await.unwrap().is_some_and(|info| info.life.buried));
        assert!(store.head(&trail.pointer().unwrap()).await.unwrap().is_none());
    }

    /// A file of Prosody's JWT, removed by a process that may die after so many changes, and then perhaps `again`. Answers whether it was at first.
    async fn interrupted(changes: Option<u64>, again: bool) -> bool {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let Store::Memory(memory) = &*store else { unreachable!("it is in memory") };
        let (own, user) = (own_files(&store, 1000), TokenUser::of("alice@localhost"));
        let trail = file_of_slot(&store, &user, NOW + 10 * HOUR).await;

        memory.dies_after(changes);
        let removed = own.remove(&user, "uuid/name", Duration::from_secs(NOW)).await.is_ok();
        memory.dies_after(None);
        let lives = async || store.head(&trail.file()).await.unwrap().is_some_and(|info| !info.life.buried);
        if again {
            let was_there = lives().await;
            match own.remove(&user, "uuid/name", Duration::from_secs(NOW)).await {
                Ok(bytes) => assert!(was_there && bytes == 4, "after {changes:?} changes"),
                Err(refusal) => {
                    assert!(matches!(refusal, OwnRefusal::Missing), "after {changes:?} changes: {refusal}");
                    assert!(!was_there, "after {changes:?} changes it is told as gone, and served");
                }
            }
            assert!(!lives().await, "after {changes:?} changes");
        }

        Sweeper::new(Arc::clone(&store), Arc::clone(&own.usage)).round(NOW + 2 * HOUR).await.unwrap();
        let lives = lives().await;
        let has_pointer = store.head(&trail.pointer().unwrap()).await.unwrap().is_some();
        assert_eq!(lives, has_pointer, "after {changes:?} changes");
        assert!(!(removed && lives), "after {changes:?} changes");
        if lives {
            assert_eq!(own.remove(&user, "uuid/name", Duration::from_secs(NOW)).await.unwrap(), 4);
        }
        removed
    }

    #[tokio::test]
    async fn what_is_interrupted_is_mended_by_a_sweep_and_can_be_tried_again() {
        for again in [false, true] {
            let mut changes = 0;
            while !interrupted(Some(changes), again).await {
                changes += 1;
            }
            assert!(changes >= 3, "an entry, a file, a pointer");
            assert!(interrupted(None, again).await);
        }
    }
}
