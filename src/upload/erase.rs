//! Erasing a user: his files whichever way they came, and what is known of him.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::expiry::Expiry;
use super::usage::Usage;
use crate::login::Registry;
use crate::store::{ObjectKey, ObjectPrefix, Store, StoreError};
use crate::types::{BareJid, ContentType, ObjectPath, UserHash, Vhost, uri_escaped};

/// Files that are looked at and removed at once.
const AT_ONCE: usize = 16;

/// Erases users.
#[derive(Debug)]
pub struct Erasure {
    store: Arc<Store>,
    registry: Arc<Registry>,
    usage: Arc<Usage>,
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

    /// Erases `user` at all `vhosts`: where several share a secret, a slot counts at all of them. What was not erased can be tried again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if something may be left.
    pub async fn erase(&self, vhosts: &[Vhost], user: &BareJid) -> Result<Erased, StoreError> {
        let hash = UserHash::from(user);
        let mut erased = Erased::default();
        // The entry goes behind the files: as long as it is there, an interrupted removal can be tried again, and the user can upload.
        // Uploads that end before it goes may leave files again; those which end later see that he is gone.
        self.files(vhosts, hash, &mut erased).await?;
        // Not before the files, which may be what fills the disk; and not behind the entry, without which it counts.
        self.bury(hash).await?;
        erased.known = self.registry.remove(user).await?;
        self.files(vhosts, hash, &mut erased).await?;
        Ok(erased)
    }

    async fn files(&self, vhosts: &[Vhost], user: UserHash, erased: &mut Erased) -> Result<(), StoreError> {
        for vhost in vhosts {
            self.pointed(vhost, user, erased).await?;
            let prefix = ObjectPrefix::files_of(vhost, user);
            let files = self.listed(&prefix).await?;
            let each = stream::iter(&files).map(Ok);
            each.try_for_each_concurrent(AT_ONCE, |(key, bytes)| self.forget(vhost, user, key, *bytes))
                .await?;
            self.store.delete_all(&prefix).await?;
            erased.count(&files);
        }
        Ok(())
    }

    /// Files whose paths do not name him.
    async fn pointed(&self, vhost: &Vhost, user: UserHash, erased: &mut Erased) -> Result<(), StoreError> {
        let pointers = self.listed(&ObjectPrefix::pointers_of(vhost, user)).await?;
        let mut files = Vec::new();
        for (pointer, _) in pointers {
            if let Some((file, bytes)) = pointer.pointed() {
                self.forget(vhost, user, &file, bytes).await?;
                self.store.delete(&file).await?;
                files.push((file, bytes));
            }
            self.store.delete(&pointer).await?;
        }
        erased.count(&files);
        Ok(())
    }

    /// Forgets a file that is about to go: what says when it would have gone holds its name.
    async fn forget(
        &self,
        vhost: &Vhost,
        user: UserHash,
        file: &ObjectKey,
        bytes: u64,
    ) -> Result<(), StoreError> {
        let info = self.store.head(file).await?;
        if let Some(deadline) = info.and_then(|info| info.life.keep_until)
            && let Some(path) = path_of(vhost, file)
        {
            let expiry = Expiry { vhost: vhost.clone(), path, owner: None };
            self.store.delete(&expiry.entry(deadline)).await?;
        }
        self.usage.removed(vhost, Some(user), file, bytes);
        Ok(())
    }

    async fn listed(&self, prefix: &ObjectPrefix) -> Result<Vec<(ObjectKey, u64)>, StoreError> {
        let (found, files) = std::sync::mpsc::channel();
        self.store.sizes(prefix, move |key, bytes| drop(found.send((key, bytes)))).await?;
        Ok(files.iter().collect())
    }

    /// Upload slots of XMPP servers never expire. Those of a user who has a tomb count only as long as the registry knows him.
    async fn bury(&self, user: UserHash) -> Result<(), StoreError> {
        self.store.note(&ObjectKey::tomb(user), ContentType::unknown(), String::new()).await
    }
}

impl Erased {
    /// What was removed before has left nothing but names, which have no bytes.
    fn count(&mut self, files: &[(ObjectKey, u64)]) {
        self.files += files.len() as u64;
        self.bytes += files.iter().map(|(_, bytes)| bytes).sum::<u64>();
    }
}

fn path_of(vhost: &Vhost, file: &ObjectKey) -> Option<ObjectPath> {
    let path = file.as_str().strip_prefix("files/")?.strip_prefix(vhost.as_str())?.strip_prefix('/')?;
    let parts = path.split('/').map(|part| uri_escaped(part).to_string());
    ObjectPath::parse(&parts.collect::<Vec<_>>().join("/")).ok()
}
