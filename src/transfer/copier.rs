//! One object from its source to the target.

use std::sync::Arc;

use super::Progress;
use super::erasures::{Erasures, is_later};
use super::failure::Failure;
use super::source::Source;
use super::sums::{Sums, Tally, sums_of};
use crate::store::{Beforehand, NewObject, Object, ObjectInfo, ObjectKey, Store, StoreError};

/// One of two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Where objects come from.
    Source,
    /// Where they go to.
    Target,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is at the target now, with so many bytes.
    Copied(u64),
    /// The same is there already, or what is there counts.
    Left,
    /// It was removed at the source, and now is at the target, too.
    Ended,
    /// It belongs to a user who was erased at the target.
    Erased,
    /// It is not at the source any more.
    Gone,
}

/// Brings objects to a store.
#[derive(Debug)]
pub struct Copier {
    /// From where.
    pub from: Source,
    /// Where to.
    pub to: Arc<Store>,
    /// Which one counts of two objects that have one name and differ; without, neither is touched.
    pub prefer: Option<Side>,
    /// Who is not to come back.
    pub erasures: Erasures,
    /// Is told of each byte.
    pub progress: Arc<dyn Progress>,
}

impl Copier {
    /// Sees to it that the target has the object under `key`, whole: its length, type and lifetime are looked at again once it is there, and its
    /// sum is compared with what the target tells of it, or else with what is read back.
    ///
    /// # Errors
    ///
    /// [`Failure`]; it can be tried again.
    pub async fn copy(&self, key: &ObjectKey) -> Result<Outcome, Failure> {
        if self.erasures.concern(&self.from, key).await.map_err(Failure::Source)? {
            return Ok(Outcome::Erased);
        }
        match self.to.head(key).await? {
            None => self.bring(key).await,
            Some(there) => self.meet(key, there).await,
        }
    }

    async fn bring(&self, key: &ObjectKey) -> Result<Outcome, Failure> {
        let Some(Object { info, body }) = self.from.get(key).await.map_err(Failure::Source)? else {
            return Ok(Outcome::Gone);
        };
        self.from.note(&self.to, key, &info).await?;
        let tally = Tally::default();
        let object = NewObject {
            size: info.size,
            content_type: info.content_type.clone(),
            life: info.life,
            uploader: info.uploader.clone(),
            stored_at: Some(info.modified),
        };
        let body = tally.of(body, Arc::clone(&self.progress));
        self.to.put_known(key, object, body, Beforehand::Unused).await?;
        let arrived = self.arrived(key, &info, tally.sums()).await?;
        let still = self.from.still(key, &info).await.map_err(Failure::Source)?;
        if arrived && still {
            return Ok(Outcome::Copied(info.size));
        }
        self.to.delete(key).await?;
        Err(if still { Failure::Damaged } else { Failure::Changed })
    }

    async fn arrived(&self, key: &ObjectKey, sent: &ObjectInfo, sums: Sums) -> Result<bool, StoreError> {
        let Some(there) = self.to.head(key).await? else { return Ok(false) };
        if !alike(sent, &there) {
            return Ok(false);
        }
        Ok(self.to.told_md5(&there) == Some(sums.md5) || self.sums_there(key).await? == Some(sums))
    }

    /// Both sides have something of this name.
    async fn meet(&self, key: &ObjectKey, there: ObjectInfo) -> Result<Outcome, Failure> {
        let Some(here) = self.from.head(key).await.map_err(Failure::Source)? else {
            return Ok(Outcome::Gone);
        };
        // A user may be erased again. His tomb is away for a moment, and what is copied to him comes later.
        if key.is_tomb() {
            return if is_later(here.modified, there.modified) {
                self.replace(key).await
            } else {
                Ok(Outcome::Left)
            };
        }
        // That a file was removed always comes behind that it was stored.
        if there.life.buried {
            return Ok(Outcome::Left);
        }
        if here.life.buried {
            self.to.bury(key, &there, here.life).await?;
            return Ok(Outcome::Ended);
        }
        if alike(&here, &there) && self.same_bytes(key, &here, &there).await? {
            return Ok(Outcome::Left);
        }
        match self.prefer {
            None => Err(Failure::Differs),
            Some(Side::Target) => Ok(Outcome::Left),
            Some(Side::Source) => self.replace(key).await,
        }
    }

    async fn replace(&self, key: &ObjectKey) -> Result<Outcome, Failure> {
        self.to.delete(key).await?;
        self.bring(key).await
    }

    /// Whether two objects of one length hold the same. What a bucket tells spares reading it.
    async fn same_bytes(
        &self,
        key: &ObjectKey,
        here: &ObjectInfo,
        there: &ObjectInfo,
    ) -> Result<bool, Failure> {
        let (from, to) = (self.from.told_md5(here), self.to.told_md5(there));
        if here.size == 0 || (from.is_some() && from == to) {
            return Ok(true);
        }
        if from.is_some() && to.is_none() {
            let Some(sums) = self.sums_there(key).await? else { return Ok(false) };
            return Ok(from == Some(sums.md5) || self.sums_here(key).await? == Some(sums));
        }
        let Some(sums) = self.sums_here(key).await? else { return Ok(false) };
        Ok(to == Some(sums.md5) || self.sums_there(key).await? == Some(sums))
    }

    async fn sums_here(&self, key: &ObjectKey) -> Result<Option<Sums>, Failure> {
        let object = self.from.get(key).await.map_err(Failure::Source)?;
        sums(object).await.map_err(Failure::Source)
    }

    async fn sums_there(&self, key: &ObjectKey) -> Result<Option<Sums>, StoreError> {
        sums(self.to.get(key).await?).await
    }
}

async fn sums(object: Option<Object>) -> Result<Option<Sums>, StoreError> {
    match object {
        Some(object) => sums_of(object.body).await.map(Some),
        None => Ok(None),
    }
}

/// Whether what is known of them is the same, validator and time aside.
fn alike(one: &ObjectInfo, other: &ObjectInfo) -> bool {
    (one.size, &one.content_type, one.life) == (other.size, &other.content_type, other.life)
}
