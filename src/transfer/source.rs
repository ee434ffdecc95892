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

    /// What has to be noted beside an object, so that its user can be found.
    pub(super) fn pointer(&self, key: &ObjectKey, size: u64) -> Option<ObjectKey> {
        match self {
            // They are objects of their own there.
            Self::Store(_) => None,
            Self::Folder(folder) => folder.pointer(key, size),
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
