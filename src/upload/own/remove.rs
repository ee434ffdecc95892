//! A user removes a file of his.

use std::ops::ControlFlow;
use std::time::Duration;

use super::place::OwnName;
use super::{OwnFiles, OwnRefusal};
use crate::login::TokenUser;
use crate::store::{Lifetime, ObjectInfo, ObjectKey, ObjectPrefix, StoreError};
use crate::types::ObjectPath;
use crate::upload::expiry::Expiry;

/// Seconds after which the sweep looks at what is left: longer than it takes to leave it.
const SWEPT_AFTER: u64 = 300;

/// A file of a user.
struct Found {
    path: ObjectPath,
    info: ObjectInfo,
    /// What leads to it, if its path does not name him.
    pointer: Option<ObjectKey>,
}

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
        let Found { path, info, pointer } = self.find(user, &name).await?.ok_or(OwnRefusal::Missing)?;
        let file = ObjectKey::file(user.vhost(), &path);
        let living = !info.life.is_over(now.as_secs());
        if living {
            self.bury(user, path, &file, info.life, now.as_secs()).await?;
        }
        // Else somebody has stopped between the two; a file whose time is over is the sweep's.
        if let Some(pointer) = pointer.filter(|_| living || info.life.buried) {
            self.store.delete(&pointer).await?;
        }
        if !living {
            return Err(OwnRefusal::Missing);
        }
        self.usage.removed(user.vhost(), Some(user.hash()), &file, info.size);
        Ok(info.size)
    }

    async fn find(&self, user: &TokenUser, name: &OwnName) -> Result<Option<Found>, OwnRefusal> {
        let (vhost, hash) = (user.vhost(), user.hash());
        let path = name.below(hash)?;
        if let Some(info) = self.store.head(&ObjectKey::file(vhost, &path)).await? {
            return Ok(Some(Found { path, info, pointer: None }));
        }
        let path = name.alone().clone();
        let Some(info) = self.store.head(&ObjectKey::file(vhost, &path)).await? else { return Ok(None) };
        let pointer = if info.life.buried {
            self.left_pointer(user, &ObjectKey::file(vhost, &path)).await?
        } else {
            let pointer = ObjectKey::pointer(vhost, hash, info.size, &path);
            self.store.head(&pointer).await?.map(|_| pointer)
        };
        Ok(pointer.map(|pointer| Found { path, info, pointer: Some(pointer) }))
    }

    /// What leads to a file that is gone, if somebody has stopped between the two. How many bytes it had is not known any more.
    async fn left_pointer(
        &self,
        user: &TokenUser,
        file: &ObjectKey,
    ) -> Result<Option<ObjectKey>, StoreError> {
        let prefix = ObjectPrefix::pointers_of(user.vhost(), user.hash());
        let mut left = None;
        let each = |key: ObjectKey| {
            if key.pointed().is_none_or(|(pointed, _)| pointed != *file) {
                return ControlFlow::Continue(());
            }
            left = Some(key);
            ControlFlow::Break(())
        };
        self.store.list_while(&prefix, None, each).await?;
        Ok(left)
    }

    /// The sweep comes by a little later, and decides how long the name has to stay.
    async fn bury(
        &self,
        user: &TokenUser,
        path: ObjectPath,
        file: &ObjectKey,
        life: Lifetime,
        now: u64,
    ) -> Result<(), StoreError> {
        let owner = path.owner().is_none().then(|| user.hash());
        let expiry = Expiry { vhost: user.vhost().clone(), path, owner };
        let soon = now + SWEPT_AFTER;
        expiry.note(&self.store, soon).await?;
        self.store.bury(file, Lifetime { keep_until: Some(soon), ..life }).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use http_body_util::Full;

    use super::*;
    use crate::policy::MinuteRates;
    use crate::store::{MemoryStore, NewObject, Store};
    use crate::types::ContentType;
    use crate::upload::own::OwnBounds;
    use crate::upload::{Sites, SlotDesk, Sweeper, Usage};

    const NOW: u64 = 1_800_000_000;
    const HOUR: u64 = 3600;

    fn own_files(store: &Arc<Store>) -> OwnFiles {
        let sites = Arc::new(Sites::new(Vec::new()).unwrap());
        let usage = Arc::new(Usage::new(Arc::clone(store)));
        let rates = Arc::new(MinuteRates::new(1));
        let desk = SlotDesk::new(Arc::clone(&sites), HashMap::new(), Arc::clone(&usage), rates);
        let bounds = Arc::new(OwnBounds::new(1000));
        OwnFiles::new(Arc::clone(store), sites, Arc::new(desk), usage, HashMap::new(), bounds)
    }

    async fn entries(store: &Store) -> usize {
        let mut entries = 0;
        store.list(&ObjectPrefix::expiring(), None, |_| entries += 1).await.unwrap();
        entries
    }

    /// A file of somebody, removed now, and hours of sweeps.
    async fn check(keep_until: Option<u64>, slot_ends: Option<u64>) {
        let store = Arc::new(Store::Memory(MemoryStore::default()));
        let (own, user) = (own_files(&store), TokenUser::of("alice@localhost"));
        let path = ObjectPath::parse(&format!("{}/r/name", user.hash())).unwrap();
        let file = ObjectKey::file(user.vhost(), &path);
        if let Some(deadline) = keep_until {
            Expiry { vhost: user.vhost().clone(), path, owner: None }.note(&store, deadline).await.unwrap();
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
        for keep_until in [None, Some(NOW + 10), Some(NOW + SWEPT_AFTER), Some(NOW + 24 * HOUR)] {
            for slot_ends in [None, Some(NOW - 24 * HOUR), Some(NOW + 300), Some(NOW + 10 * HOUR)] {
                check(keep_until, slot_ends).await;
            }
        }
    }
}
