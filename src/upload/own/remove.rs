//! A user removes a file of his.

use std::ops::ControlFlow;
use std::time::{Duration, UNIX_EPOCH};

use super::place::OwnName;
use super::{OwnFiles, OwnRefusal};
use crate::login::TokenUser;
use crate::store::{Lifetime, ObjectInfo, ObjectKey, ObjectPrefix, StoreError};
use crate::types::ContentType;
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
        if let Some(known) = self.known(&named.file()).await? {
            return Ok(Some((named, known.info(0))));
        }
        let other = Trail { vhost, path: name.alone().clone(), pointed: None };
        let Some(known) = self.known(&other.file()).await? else { return Ok(None) };
        let size = match &known {
            Known::Whole(info) => Some(info.size),
            Known::Damaged => self.pointed_size(user, &other.file()).await?,
        };
        let Some(size) = size else { return Ok(None) };
        let pointed = Trail { pointed: Some(Pointed { owner, size }), ..other };
        let is_his = match pointed.pointer() {
            Some(key) => self.store.head(&key).await?.is_some(),
            None => false,
        };
        Ok(is_his.then_some((pointed, known.info(size))))
    }

    async fn known(&self, file: &ObjectKey) -> Result<Option<Known>, StoreError> {
        match self.store.head(file).await {
            Err(StoreError::Damaged { .. }) => Ok(Some(Known::Damaged)),
            info => Ok(info?.map(Known::Whole)),
        }
    }

    /// The size that a pointer of his tells for a file, if there is one.
    async fn pointed_size(&self, user: &TokenUser, file: &ObjectKey) -> Result<Option<u64>, StoreError> {
        let pointers = ObjectPrefix::pointers_of(user.vhost(), user.hash());
        let mut found = None;
        let each = |pointer: ObjectKey| {
            found = pointer.pointed().filter(|(pointed, _)| pointed == file).map(|(_, size)| size);
            if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.store.list_while(&pointers, None, each).await?;
        Ok(found)
    }
}

/// What is known of a file that is there.
enum Known {
    Whole(ObjectInfo),
    /// No more than that.
    Damaged,
}

impl Known {
    /// A damaged file of `size` bytes has no deadline, so that its slot stays used for ever: nobody knows how long there is a token for that.
    fn info(self, size: u64) -> ObjectInfo {
        match self {
            Self::Whole(info) => info,
            Self::Damaged => ObjectInfo {
                size,
                content_type: ContentType::unknown(),
                etag: String::new(),
                modified: UNIX_EPOCH,
                life: Lifetime::default(),
                uploader: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::Full;

    use super::*;
    use crate::store::{DiskStore, MemoryStore, NewObject, Store};
    use crate::types::ObjectPath;
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

    #[tokio::test]
    async fn a_damaged_file_goes_and_its_slot_stays_used() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::Disk(DiskStore::open(folder.path(), false).unwrap()));
        let (own, user) = (own_files(&store, 1000), TokenUser::of("alice@localhost"));
        let bob = TokenUser::of("bob@localhost");
        let path = ObjectPath::parse(&format!("{}/r/name", user.hash())).unwrap();
        let below = Trail { vhost: user.vhost().clone(), path, pointed: None };
        store
            .put(&below.file(), NewObject::lasting(4, ContentType::unknown()), Full::from("data"))
            .await
            .unwrap();
        let pointed = file_of_slot(&store, &user, NOW).await;
        for (trail, name, bytes) in [(below, "r/name", 0), (pointed, "uuid/name", 4)] {
            std::fs::write(folder.path().join(trail.file().as_str()), "data").unwrap();
            let now = Duration::from_secs(NOW);
            assert!(matches!(own.remove(&bob, name, now).await, Err(OwnRefusal::Missing)), "{name}: not his");
            assert_eq!(own.remove(&user, name, now).await.unwrap(), bytes, "{name}");
            assert!(matches!(own.remove(&user, name, now).await, Err(OwnRefusal::Missing)), "{name}: once");
            let left = store.head(&trail.file()).await.unwrap();
            assert!(left.is_some_and(|info| info.life.buried && info.life.keep_until.is_none()), "{name}");
        }
        let mut pointers = 0;
        let prefix = ObjectPrefix::pointers_of(user.vhost(), user.hash());
        store.list(&prefix, None, |_| pointers += 1).await.unwrap();
        assert_eq!(pointers, 0);
    }
}
