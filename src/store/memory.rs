//! Objects in memory, for tests.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};

use super::body::receive;
use super::{
    Lifetime, NewObject, Object, ObjectInfo, ObjectKey, ObjectPrefix, PutError, StoreError, UploadBody,
};
use crate::types::{ByteRange, ContentType};

type Objects = HashMap<ObjectKey, (ObjectInfo, Bytes)>;

/// A store that is gone with its process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    objects: Mutex<Objects>,
    /// After how many changes its user dies, if he does.
    changes_left: Mutex<Option<u64>>,
    is_full: AtomicBool,
}

impl MemoryStore {
    /// From so many changes on it takes none, as if the process that makes them had died; `None` for never.
    pub fn dies_after(&self, changes: Option<u64>) {
        *self.changes_left.lock().unwrap_or_else(PoisonError::into_inner) = changes;
    }

    /// From now on there is no room for anything new.
    pub fn fills_up(&self) {
        self.is_full.store(true, Ordering::Relaxed);
    }

    fn change(&self) -> Result<MutexGuard<'_, Objects>, StoreError> {
        if let Some(left) = &mut *self.changes_left.lock().unwrap_or_else(PoisonError::into_inner) {
            let dead = || StoreError::Disk {
                action: "change",
                place: "memory".to_owned(),
                source: std::io::Error::other("the process has died").into(),
            };
            *left = left.checked_sub(1).ok_or_else(dead)?;
        }
        Ok(self.objects())
    }

    pub(super) async fn put(
        &self,
        key: &ObjectKey,
        new: NewObject,
        body: impl UploadBody,
    ) -> Result<(), PutError> {
        if self.head(key).is_some() {
            return Err(PutError::Exists);
        }
        if self.is_full.load(Ordering::Relaxed) {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
            return Err(PutError::Full(StoreError::Disk {
                action: "append to",
                place: "memory".to_owned(),
                source,
            }));
        }
        let mut bytes = Vec::new();
        let append = |data: &[u8]| {
            bytes.extend_from_slice(data);
            Ok(())
        };
        receive(body, new.size, append, |source| StoreError::Disk {
            action: "append to",
            place: "memory".to_owned(),
            source: source.into(),
        })
        .await?;
        let NewObject { size, content_type, life, uploader, stored_at } = new;
        let etag = format!("\"{:032x}\"", rand::random::<u128>());
        let modified = stored_at.unwrap_or_else(SystemTime::now);
        let info = ObjectInfo { size, content_type, etag, modified, life, uploader };
        match self.change()?.entry(key.clone()) {
            Entry::Occupied(_) => Err(PutError::Exists),
            Entry::Vacant(free) => {
                free.insert((info, bytes.into()));
                Ok(())
            }
        }
    }

    pub(super) fn get(&self, key: &ObjectKey) -> Option<Object> {
        let (info, bytes) = self.objects().get(key).cloned()?;
        let body = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
        Some(Object { info, body })
    }

    pub(super) fn get_part(&self, key: &ObjectKey, range: ByteRange) -> Option<Object> {
        let (info, bytes) = self.objects().get(key).cloned()?;
        let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let part = bytes.slice(position(range.first())..position(range.last() + 1));
        let body = Full::new(part).map_err(|never| match never {}).boxed_unsync();
        Some(Object { info, body })
    }

    pub(super) fn head(&self, key: &ObjectKey) -> Option<ObjectInfo> {
        self.objects().get(key).map(|(info, _)| info.clone())
    }

    pub(super) fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.change()?.remove(key);
        Ok(())
    }

    pub(super) fn list(
        &self,
        prefix: &ObjectPrefix,
        after: Option<&ObjectKey>,
        each: &mut impl FnMut(ObjectKey) -> ControlFlow<()>,
    ) {
        let mut keys: Vec<_> = self.objects().keys().cloned().collect();
        keys.retain(|key| key.0.starts_with(&prefix.0) && after.is_none_or(|after| key > after));
        keys.sort();
        // Where it ended does not matter.
        let _ = keys.into_iter().try_for_each(each);
    }

    pub(super) fn sizes(&self, prefix: &ObjectPrefix, each: &mut impl FnMut(ObjectKey, u64)) {
        let objects: Vec<_> =
            self.objects().iter().map(|(key, (info, _))| (key.clone(), info.size)).collect();
        objects
            .into_iter()
            .filter(|(key, _)| key.0.starts_with(&prefix.0))
            .for_each(|(key, size)| each(key, size));
    }

    pub(super) fn bury(&self, key: &ObjectKey, life: Lifetime) -> Result<(), StoreError> {
        let (content_type, etag) = (ContentType::unknown(), "\"\"".to_owned());
        let modified = SystemTime::now();
        let info = ObjectInfo { size: 0, content_type, etag, modified, life, uploader: None };
        self.change()?.insert(key.clone(), (info, Bytes::new()));
        Ok(())
    }

    pub(super) fn delete_all(&self, prefix: &ObjectPrefix) {
        self.objects().retain(|key, _| !key.0.starts_with(&prefix.0));
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
