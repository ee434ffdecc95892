//! Where objects come from.

use std::sync::Arc;

use super::peer::PeerFolder;
use crate::store::{Object, ObjectInfo, ObjectKey, Store, StoreError};

/// Where objects come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A store of ours, in which an object never changes.
    Store(Arc<Store>),
    /// A folder of another file server.
    Folder(Arc<PeerFolder>),
}

impl Source {
    pub(super) async fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        match self {
            Self::Store(store) => store.get(key).await,
            Self::Folder(folder) => folder.get(key),
        }
    }

    pub(super) async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        match self {
            Self::Store(store) => store.head(key).await,
            Self::Folder(folder) => Ok(folder.get(key)?.map(|object| object.info)),
        }
    }

    pub(super) fn told_md5(&self, info: &ObjectInfo) -> Option<[u8; 16]> {
        match self {
            Self::Store(store) => store.told_md5(info),
            Self::Folder(_) => None,
        }
    }

    /// What leads to an object of a user whom its path does not name.
    pub(super) fn pointer(&self, key: &ObjectKey, size: u64) -> Option<ObjectKey> {
        match self {
            Self::Store(_) => None,
            Self::Folder(folder) => folder.pointer(key, size),
        }
    }

    /// Notes beside an object, before it is there, what its user and its end are found by, as for an upload.
    pub(super) async fn note(
        &self,
        to: &Store,
        key: &ObjectKey,
        info: &ObjectInfo,
    ) -> Result<(), StoreError> {
        match self {
            // Those are objects of their own there.
            Self::Store(_) => Ok(()),
            Self::Folder(folder) => folder.note(to, key, info).await,
        }
    }

    /// Whether an object is still what it was. Those of a store always are.
    pub(super) async fn still(&self, key: &ObjectKey, info: &ObjectInfo) -> Result<bool, StoreError> {
        match self {
            Self::Store(_) => Ok(true),
            Self::Folder(_) => Ok(self.head(key).await?.as_ref() == Some(info)),
        }
    }
}
