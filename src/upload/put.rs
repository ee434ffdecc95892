//! Storing a file.

use std::net::IpAddr;
use std::time::Duration;

use super::filing::store_file;
use super::room::NoPlace;
use super::tomb;
use super::trail::{Trail, owner};
use super::usage::{NoRoom, Reserved};
use super::{QuotaRefusal, Quotas, RateRefusal, RuleRefusal, Uploads};
use crate::authn::PutGrant;
use crate::store::{
    Beforehand, BodyFault, Lifetime, NewObject, ObjectKey, PutError, Store, StoreError, UploadBody, Uploader,
    within,
};
use crate::types::{UserHash, Vhost, seconds_since_1970};

/// For the sums of what is stored. Few clients wait for longer, and a listing that takes longer is for the next one who asks.
const SUMS: Duration = Duration::from_secs(5);

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
    /// Nobody knows yet how much room there is.
    #[error("what is stored is being counted")]
    Counting,
    /// It would not be handed out any more.
    #[error("the time is over for which the file was to be kept")]
    KeepOver,
    /// The user was erased, and with him his slots: those which carry no date, and others that may be from before.
    #[error(
        "the user of this slot was erased, and has not come back: by a login, a registration or `user readmit`"
    )]
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
    Store(StoreError),
}

impl From<StoreError> for PutFailure {
    fn from(error: StoreError) -> Self {
        if error.is_full() { Self::Full(error) } else { Self::Store(error) }
    }
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
        let (owner, now) = (owner(&grant), seconds_since_1970());
        client.map_or(Ok(()), |client| self.rates.take_from_address(client, grant.size(), now))?;
        let is_dead = async || match owner {
            Some(owner) => tomb::is_dead(&self.store, &self.registry, owner, grant.issued()).await,
            None => Ok(false),
        };
        if is_dead().await? {
            return Err(PutFailure::Erased);
        }
        let keep_until = rules.retention.deadline(grant.keep(), now);
        let life = Lifetime { keep_until, slot_ends: grant.expires(), buried: false };
        if life.is_over(now) {
            return Err(PutFailure::KeepOver);
        }
        let known = self.take_from_user(owner, &key, grant.size(), now).await?;
        let (vhost, bytes, quotas) = (grant.vhost(), grant.size(), rules.quotas);
        let reserved = self.make_room(quotas, vhost, owner, &key, bytes).await?;
        // Behind what may take time: who waits keeps nobody else's place.
        let _place = self.room.enter(&key)?;
        let uploader = grant.user().and_then(Uploader::of);
        let object = NewObject { life, uploader, ..NewObject::lasting(bytes, grant.content_type().clone()) };
        let trail = Trail::of(&grant);
        store_file(&self.store, &trail, object, body, known).await?;
        // Perhaps he was while the file was on its way, and whoever erased him did not see it. If that cannot be found out, the file is
        // stored all the same, and an answer that says otherwise would be wrong.
        if matches!(is_dead().await, Ok(true)) {
            remove_of_erased(&self.store, &trail).await?;
            return Err(PutFailure::Erased);
        }
        if life.is_over(seconds_since_1970()) {
            remove_over(&self.store, &trail, life).await;
            return Err(PutFailure::KeepOver);
        }
        reserved.stored(bytes);
        Ok(())
    }

    /// Only for a slot that can still be used: what went wrong with others may be the doing of whoever found an old URL. Answers what is known of the slot by
    /// then.
    async fn take_from_user(
        &self,
        owner: Option<UserHash>,
        key: &ObjectKey,
        bytes: u64,
        now: u64,
    ) -> Result<Beforehand, PutFailure> {
        let Some(owner) = owner.filter(|_| self.rates.are_limited()) else { return Ok(Beforehand::Nothing) };
        if self.is_used(key).await? {
            return Err(PutFailure::Exists);
        }
        self.rates.take_from_user(owner, bytes, now)?;
        Ok(Beforehand::Unused)
    }

    async fn is_used(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        match self.store.head(key).await {
            Err(StoreError::Damaged { .. }) => Ok(true),
            info => Ok(info?.is_some()),
        }
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
        let reserved = within(SUMS, self.usage.reserve(quotas, vhost, owner, key, bytes)).await;
        match reserved.ok_or(PutFailure::Counting).and_then(|reserved| Ok(reserved?)) {
            Err(PutFailure::Quota(_) | PutFailure::Counting) if self.is_used(key).await? => {
                Err(PutFailure::Exists)
            }
            reserved => reserved,
        }
    }
}

/// Removes a file whose user was erased while it was on its way.
async fn remove_of_erased(store: &Store, trail: &Trail) -> Result<(), StoreError> {
    let removed = store.delete(&trail.file()).await;
    if let Err(error) = &removed {
        // The erasure may have taken the pointer, and did not see the file.
        drop(trail.note_pointer(store).await);
        tracing::error!(
            object = trail.file().redacted(),
            %error,
            "a file of a user who was erased while it arrived cannot be removed, and is served: run `user forget` for its user again"
        );
    }
    removed
}

/// Removes a file that was over before it had arrived. Nobody gets it any more, and a sweep finds what cannot be removed now: that may have taken the
/// entry for that of an upload that came to nothing.
async fn remove_over(store: &Store, trail: &Trail, life: Lifetime) {
    if let Some(deadline) = life.keep_until {
        drop(trail.note_entry(store, deadline).await);
    }
    drop(store.delete(&trail.file()).await);
}

#[cfg(test)]
mod tests;
