//! Erasing a user: his files whichever way they came, and what is known of him.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use super::tomb;
use super::trail::{Pointed, Trail};
use super::usage::Usage;
use crate::login::Registry;
use crate::store::{Lifetime, ObjectInfo, ObjectKey, ObjectPrefix, Store, StoreError};
use crate::types::{BareJid, UserHash, Vhost, since_1970};

/// Files that are looked at and removed at once.
const AT_ONCE: usize = 16;

/// Erases users.
#[derive(Debug)]
pub struct Erasure {
    store: Arc<Store>,
    registry: Arc<Registry>,
    usage: Arc<Usage>,
}

/// All is gone through twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Files may still arrive.
    First,
    /// What arrives from now on sees that its user is gone.
    Last,
}

/// What was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether he was known to have logged in, or to be registered.
    pub known: bool,
}

impl Erasure {
    /// From `store` and `registry`; the sums of `usage` follow.
    #[must_use]
    pub fn new(store: Arc<Store>, registry: Arc<Registry>, usage: Arc<Usage>) -> Self {
        Self { store, registry, usage }
    }

    /// Erases `user` at all `vhosts`: where several share a secret, a slot counts at all of them. What was not erased can be tried again, and
    /// keeps nothing else from being erased.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if something may be left.
    pub async fn erase(&self, vhosts: &[Vhost], user: &BareJid) -> Result<Erased, StoreError> {
        let hash = UserHash::from(user);
        let mut erased = Erased::default();
        // The entry goes behind the files: as long as it is there, an interrupted removal can be tried again, and the user can upload.
        // Uploads that end before it goes may leave files again; those which end later see that he is gone.
        let files = self.files(vhosts, hash, Pass::First, &mut erased).await;
        // Not before the files, which may be what fills the disk; and not behind the entry, without which it counts.
        tomb::bury(&self.store, hash).await?;
        files?;
        erased.known = self.registry.remove(user).await?;
        self.files(vhosts, hash, Pass::Last, &mut erased).await?;
        for vhost in vhosts {
            // What may be left on a disk are empty folders.
            drop(self.store.delete_all(&ObjectPrefix::pointers_of(vhost, hash)).await);
        }
        Ok(erased)
    }

    /// Lets slots of `user` count again that he got before he was erased, and answers whether he was. There is no need to if he logs in here.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they may still be dead.
    pub async fn readmit(&self, user: &BareJid) -> Result<bool, StoreError> {
        let tomb = ObjectKey::tomb(user.into());
        let was_erased = self.store.head(&tomb).await?.is_some();
        self.store.delete(&tomb).await?;
        Ok(was_erased)
    }

    async fn files(
        &self,
        vhosts: &[Vhost],
        user: UserHash,
        pass: Pass,
        erased: &mut Erased,
    ) -> Result<(), StoreError> {
        let mut failures = Failures::default();
        for vhost in vhosts {
            let pointers = self.listed(&ObjectPrefix::pointers_of(vhost, user)).await?;
            let each = stream::iter(pointers).map(|(pointer, _)| self.pointed(vhost, user, pointer, pass));
            erased.count(each.buffer_unordered(AT_ONCE).collect().await, &mut failures);
            self.own(vhost, user, erased, &mut failures).await?;
        }
        failures.end()
    }

    /// A file whose path does not name him. Answers its bytes, if it counts. The pointer goes behind it: nothing else leads to it.
    async fn pointed(
        &self,
        vhost: &Vhost,
        owner: UserHash,
        pointer: ObjectKey,
        pass: Pass,
    ) -> Result<Option<u64>, StoreError> {
        let Some((key, size)) = pointer.pointed() else {
            return self.store.delete(&pointer).await.map(|()| None);
        };
        let file = self.look(vhost, key, size, Some(Pointed { owner, size })).await?;
        if pass == Pass::First && file.left == Left::Nothing {
            // Perhaps it is on its way, and nothing but this would lead to it.
            return Ok(None);
        }
        self.store.delete(&file.key).await?;
        self.store.delete(&pointer).await?;
        self.forget(vhost, owner, &file).await?;
        Ok(file.counted())
    }

    /// All files whose paths name him.
    async fn own(
        &self,
        vhost: &Vhost,
        user: UserHash,
        erased: &mut Erased,
        failures: &mut Failures,
    ) -> Result<(), StoreError> {
        let prefix = ObjectPrefix::files_of(vhost, user);
        let files = stream::iter(self.listed(&prefix).await?);
        let files = files.map(|(key, bytes)| self.look(vhost, key, bytes, None)).buffer_unordered(AT_ONCE);
        let files: Vec<_> = files.collect().await;
        let all_at_once = files.iter().all(Result::is_ok) && self.store.delete_all(&prefix).await.is_ok();
        let each = stream::iter(files).map(async |file| {
            let file = file?;
            if !all_at_once {
                self.store.delete(&file.key).await?;
            }
            self.forget(vhost, user, &file).await?;
            Ok(file.counted())
        });
        erased.count(each.buffer_unordered(AT_ONCE).collect().await, failures);
        Ok(())
    }

    /// Looks at a file as long as it is there.
    async fn look(
        &self,
        vhost: &Vhost,
        key: ObjectKey,
        bytes: u64,
        pointed: Option<Pointed>,
    ) -> Result<Doomed, StoreError> {
        let (info, left) = match self.store.head(&key).await {
            Ok(None) => (None, Left::Nothing),
            Ok(Some(info)) if info.life.buried => (Some(info), Left::Name),
            Ok(Some(info)) => (Some(info), Left::File),
            // Nobody knows when it would have gone, but gone it will be.
            Err(StoreError::Damaged { .. }) => (None, Left::File),
            Err(error) => return Err(error),
        };
        let trail = Trail::to(vhost, &key, pointed);
        let entries = trail.zip(info).map(|(trail, info)| entries(&trail, &info)).unwrap_or_default();
        Ok(Doomed { key, bytes, left, entries })
    }

    /// Forgets a file that has gone: what says when it would have gone holds its name.
    async fn forget(&self, vhost: &Vhost, user: UserHash, file: &Doomed) -> Result<(), StoreError> {
        self.usage.removed(vhost, Some(user), &file.key, file.bytes);
        for entry in &file.entries {
            self.store.delete(entry).await?;
        }
        Ok(())
    }

    async fn listed(&self, prefix: &ObjectPrefix) -> Result<Vec<(ObjectKey, u64)>, StoreError> {
        let (found, files) = std::sync::mpsc::channel();
        self.store.sizes(prefix, move |key, bytes| drop(found.send((key, bytes)))).await?;
        Ok(files.iter().collect())
    }
}

/// A file that is about to go.
#[derive(Debug)]
struct Doomed {
    key: ObjectKey,
    bytes: u64,
    left: Left,
    /// What leads to it by time.
    entries: Vec<ObjectKey>,
}

/// What there was of a file before it was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// It never came, or has gone.
    Nothing,
    /// It was removed, and has left the name of its slot.
    Name,
    /// All of it.
    File,
}

impl Doomed {
    /// Its bytes, if there is more of it than its name.
    fn counted(&self) -> Option<u64> {
        (self.left == Left::File).then_some(self.bytes)
    }
}

/// What leads to a file by time.
fn entries(trail: &Trail, info: &ObjectInfo) -> Vec<ObjectKey> {
    let Lifetime { keep_until, slot_ends, .. } = info.life;
    let stored = since_1970(info.modified).as_secs();
    let of_slot = slot_ends.filter(|_| trail.pointed.is_some());
    let of_slot = of_slot.into_iter().flat_map(|ends| trail.entries_of_slot(ends, stored));
    keep_until.into_iter().map(|time| trail.entry(time)).chain(of_slot).collect()
}

impl Erased {
    fn count(&mut self, files: Vec<Result<Option<u64>, StoreError>>, failures: &mut Failures) {
        for file in files {
            match file {
                Ok(Some(bytes)) => {
                    self.files += 1;
                    self.bytes += bytes;
                }
                Ok(None) => {}
                Err(error) => failures.add(error),
            }
        }
    }
}

/// What could not be removed.
#[derive(Debug, Default)]
struct Failures {
    count: usize,
    first: Option<StoreError>,
}

impl Failures {
    fn add(&mut self, error: StoreError) {
        self.count += 1;
        self.first.get_or_insert(error);
    }

    fn end(self) -> Result<(), StoreError> {
        match self.first {
            None => Ok(()),
            Some(first) => Err(StoreError::Several { failed: self.count, first: Box::new(first) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;
    use crate::store::{MemoryStore, NewObject};
    use crate::types::{ContentType, ObjectPath, parse_vhost};

    fn erasure() -> Erasure {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let registry = Arc::new(Registry::new(Arc::clone(&store)));
        let usage = Arc::new(Usage::new(Arc::clone(&store)));
        Erasure::new(store, registry, usage)
    }

    #[tokio::test]
    async fn a_file_that_arrives_meanwhile_is_found() {
        let (erasure, vhosts) = (erasure(), [parse_vhost("localhost").unwrap()]);
        let alice = UserHash::from(&BareJid::new("alice@localhost").unwrap());
        let path = ObjectPath::parse("uuid/name").unwrap();
        let pointed = Some(Pointed { owner: alice, size: 4 });
        let trail = Trail { vhost: vhosts[0].clone(), path, pointed };
        trail.note_pointer(&erasure.store).await.unwrap();

        let mut erased = Erased::default();
        erasure.files(&vhosts, alice, Pass::First, &mut erased).await.unwrap();
        let object = NewObject::lasting(4, ContentType::unknown());
        erasure.store.put(&trail.file(), object, Full::from("data")).await.unwrap();
        erasure.files(&vhosts, alice, Pass::Last, &mut erased).await.unwrap();

        assert_eq!((erased.files, erased.bytes), (1, 4));
        for gone in [trail.file(), trail.pointer().unwrap()] {
            assert!(erasure.store.head(&gone).await.unwrap().is_none(), "{gone:?}");
        }
    }

    #[tokio::test]
    async fn the_names_of_files_that_were_removed_before_are_no_files() {
        let (erasure, vhost) = (erasure(), parse_vhost("localhost").unwrap());
        let user = BareJid::new("alice@localhost").unwrap();
        let alice = UserHash::from(&user);
        let own = |random: &str| {
            let path = ObjectPath::parse(&format!("{alice}/{random}/name")).unwrap();
            Trail { vhost: vhost.clone(), path, pointed: None }
        };
        let pointed = Some(Pointed { owner: alice, size: 4 });
        let path = ObjectPath::parse("uuid/name").unwrap();
        let pointed = Trail { vhost: vhost.clone(), path, pointed };
        for (trail, removed) in [(own("stays"), false), (own("removed"), true), (pointed, true)] {
            trail.note_pointer(&erasure.store).await.unwrap();
            let object = NewObject::lasting(4, ContentType::unknown());
            erasure.store.put(&trail.file(), object, Full::from("data")).await.unwrap();
            if removed {
                let info = erasure.store.head(&trail.file()).await.unwrap().unwrap();
                trail.bury(&erasure.store, &info).await.unwrap();
            }
        }
        let erased = erasure.erase(&[vhost], &user).await.unwrap();
        assert_eq!((erased.files, erased.bytes), (1, 4));
        let mut left = 0;
        for prefix in [ObjectPrefix::files(), ObjectPrefix::pointers()] {
            erasure.store.list(&prefix, None, |_| left += 1).await.unwrap();
        }
        assert_eq!(left, 0, "the names go, too");
    }
}
