//! Storing a file.

use std::net::IpAddr;

use super::expiry::Expiry;
use super::pointer::{Pointer, owner};
use super::room::NoPlace;
use super::usage::{NoRoom, Reserved};
use super::{QuotaRefusal, Quotas, RateRefusal, RuleRefusal, Uploads};
use crate::authn::PutGrant;
use crate::store::{
    BodyFault, Lifetime, NewObject, ObjectKey, PutError, StoreError, UploadBody, seconds_since_1970,
};
use crate::types::{UserHash, Vhost};

/// Why a file that could have been stored was not. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum PutFailure {
    /// Not what the vhost takes.
    #[error(transparent)]
    Rule(#[from] RuleRefusal),
    /// Too much within a minute.
    #[error(transparent)]
    Rate(#[from] RateRefusal),
    /// There is no room for it.
    #[error("above the quota: {0}")]
    Quota(#[from] QuotaRefusal),
    /// It would not be handed out any more.
    #[error("the time is over for which the file was to be kept")]
    KeepOver,
    /// The user was erased, and with him his slots, which carry no date that would end them.
    #[error("the user of this slot was erased, and has not come back")]
    Erased,
    /// There are too many uploads already.
    #[error("as many uploads as limits.uploads allows are under way")]
    Busy,
    /// There are several attempts at this slot already.
    #[error("several uploads to this slot are under way")]
    SlotBusy,
    /// The slot was used before; the file that is there was not touched.
    #[error("there is a file already: a slot is used once")]
    Exists,
    /// The client stopped or sent another length.
    #[error(transparent)]
    Sender(BodyFault),
    /// There is no room left.
    #[error("the store is full: {0}")]
    Full(StoreError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NoRoom> for PutFailure {
    fn from(none: NoRoom) -> Self {
        match none {
            NoRoom::Quota(quota) => quota.into(),
            NoRoom::Store(error) => error.into(),
        }
    }
}

impl From<PutError> for PutFailure {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Exists => Self::Exists,
            PutError::Busy => Self::SlotBusy,
            PutError::Sender(fault) => Self::Sender(fault),
            PutError::Full(error) => Self::Full(error),
            PutError::Store(error) => Self::Store(error),
        }
    }
}

impl From<NoPlace> for PutFailure {
    fn from(none: NoPlace) -> Self {
        match none {
            NoPlace::Full => Self::Busy,
            NoPlace::SlotBusy => Self::SlotBusy,
        }
    }
}

impl Uploads {
    /// Stores the file that `grant` permits, for a client at that address. When this returns, it is durable and whole.
    ///
    /// # Errors
    ///
    /// [`PutFailure`]; the slot can then be tried again, unless a file is there.
    pub async fn put(
        &self,
        grant: PutGrant,
        client: Option<IpAddr>,
        body: impl UploadBody,
    ) -> Result<(), PutFailure> {
        let rules = self.rules(grant.vhost());
        rules.check(&grant)?;
        let key = ObjectKey::file(grant.vhost(), grant.path());
        let _place = self.room.enter(&key)?;
        let (owner, now) = (owner(&grant), seconds_since_1970());
        self.rates.take_bytes(owner, client, grant.size(), now)?;
        if self.is_erased(owner).await? {
            return Err(PutFailure::Erased);
        }
        let keep_until = rules.retention.deadline(grant.keep(), now);
        let life = Lifetime { keep_until, slot_ends: grant.expires(), buried: false };
        if life.is_over(now) {
            return Err(PutFailure::KeepOver);
        }
        let (vhost, bytes, quotas) = (grant.vhost(), grant.size(), rules.quotas);
        let reserved = if quotas.exist() {
            Some(self.make_room(quotas, vhost, owner, &key, bytes).await?)
        } else {
            None
        };
        self.store_file(&grant, &key, life, body).await?;
        // Perhaps he was while the file was on its way, and whoever erased him did not see it. If that cannot be found out, the file is
        // stored all the same, and an answer that says otherwise would be wrong.
        let erased = matches!(self.is_erased(owner).await, Ok(true));
        if erased || life.is_over(seconds_since_1970()) {
            self.store.delete(&key).await?;
            if let Some(pointer) = Pointer::of(&grant) {
                pointer.withdraw(&self.store, &key).await?;
            }
            return Err(if erased { PutFailure::Erased } else { PutFailure::KeepOver });
        }
        if let Some(reserved) = reserved {
            reserved.stored(bytes);
        }
        Ok(())
    }

    /// A file that is there already is told as such, whether or not there would be room for it.
    async fn make_room(
        &self,
        quotas: Quotas,
        vhost: &Vhost,
        owner: Option<UserHash>,
        key: &ObjectKey,
        bytes: u64,
    ) -> Result<Reserved, PutFailure> {
        match self.usage.reserve(quotas, vhost, owner, key, bytes).await {
            Err(NoRoom::Quota(_)) if self.store.head(key).await?.is_some() => Err(PutFailure::Exists),
            reserved => Ok(reserved?),
        }
    }

    /// The file, and before it what leads to it.
    async fn store_file(
        &self,
        grant: &PutGrant,
        key: &ObjectKey,
        life: Lifetime,
        body: impl UploadBody,
    ) -> Result<(), PutFailure> {
        let pointer = Pointer::of(grant);
        if (pointer.is_some() || life.keep_until.is_some()) && self.store.head(key).await?.is_some() {
            // Whoever tries a used slot again and again leaves nothing.
            return Err(PutFailure::Exists);
        }
        if let Some(pointer) = &pointer {
            pointer.note(&self.store).await?;
        }
        if let Some(deadline) = life.keep_until {
            let (vhost, path) = (grant.vhost().clone(), grant.path().clone());
            let owner = pointer.as_ref().map(|pointer| pointer.owner);
            Expiry { vhost, path, owner }.note(&self.store, deadline).await?;
        }
        let object = NewObject { size: grant.size(), content_type: grant.content_type().clone(), life };
        let stored = self.store.put(key, object, body).await;
        match (&pointer, &stored) {
            (Some(pointer), Ok(())) => pointer.note(&self.store).await?,
            // That may fail as well; then it leads nowhere.
            (Some(pointer), Err(_)) => drop(pointer.withdraw(&self.store, key).await),
            (None, _) => {}
        }
        Ok(stored?)
    }

    /// A tomb stays for good. Of the few users who have one, those who came back are known to the registry.
    async fn is_erased(&self, user: Option<UserHash>) -> Result<bool, StoreError> {
        let Some(user) = user else { return Ok(false) };
        let has_tomb = self.store.head(&ObjectKey::tomb(user)).await?.is_some();
        Ok(has_tomb && !self.registry.knows(user).await?)
    }
}
