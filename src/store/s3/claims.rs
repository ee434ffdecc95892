//! Claims: who may write a key, where the store does not see to it.
//!
//! Whoever wants to write a key puts an object of his own below `claims/<hash of the key>/`, then lists that folder, and writes if he is
//! alone there. Of two who do so at the same time at least one sees the other, so that never two go on. Of those who see each other
//! the one whose name comes first stays and waits until he is alone; the others withdraw, wait, and try again.
//!
//! A claim is renewed while its owner writes and counts for a minute ([`LEASE`]), so that one of a dead process is no obstacle for ever. Its age is told by the
//! store's clock alone: by how much older it is than the claim that was written just now.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use uuid::Builder;

use super::S3Store;
use super::bucket::Bucket;
use super::errors::s3_error;
use super::list::Listed;
use crate::store::key_locks::KeyGuard;
use crate::store::{Cause, NewObject, ObjectKey, ObjectPrefix, PutError, StoreError};
use crate::types::ContentType;

/// How long a claim counts that is not renewed.
pub(super) const LEASE: Duration = Duration::from_mins(1);
/// How long a writer waits for his turn. Clients wait a minute or two; a slot has one upload, and seldom a second one.
const TURN: Duration = Duration::from_secs(30);
/// Between two looks, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// The right to write a key, until dropped.
#[derive(Debug)]
pub(super) struct Claim<'store> {
    bucket: Bucket,
    folder: ObjectPrefix,
    own: ObjectKey,
    lease: Duration,
    written: Instant,
    /// Within a process there is a shorter way.
    _turn: KeyGuard<'store>,
}

/// Who else has a claim.
#[derive(Debug, PartialEq, Eq)]
enum Rivals {
    None,
    /// Behind us.
    Later,
    /// Before us.
    Earlier,
}

impl S3Store {
    /// Waits until nobody else writes `key`.
    pub(super) async fn claim(&self, key: &ObjectKey) -> Result<Claim<'_>, PutError> {
        let deadline = Instant::now() + TURN;
        let turn = timeout(TURN, self.writers.lock(key)).await.map_err(|_| PutError::Busy)?;
        let mut claim = Claim::new(self.bucket.clone(), key, self.lease, turn);
        let mut pause = PAUSES.0;
        loop {
            claim.write().await?;
            match claim.rivals().await? {
                Rivals::None => return Ok(claim),
                // Whoever has written it may have left his claim, and has nothing to write any more.
                _ if self.bucket.head(key).await?.is_some() => return Err(PutError::Exists),
                _ if Instant::now() >= deadline => return Err(PutError::Busy),
                Rivals::Later => {}
                Rivals::Earlier => claim.bucket.delete(&claim.own).await?,
            }
            sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}

impl<'store> Claim<'store> {
    fn new(bucket: Bucket, key: &ObjectKey, lease: Duration, turn: KeyGuard<'store>) -> Self {
        // A key may be as long as the store allows.
        let folder = format!("claims/{}/", hex::encode(Sha256::digest(key.as_str())));
        let own = ObjectKey(format!("{folder}{}", Builder::from_random_bytes(rand::random()).into_uuid()));
        Self { bucket, folder: ObjectPrefix(folder), own, lease, written: Instant::now(), _turn: turn }
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let begun = Instant::now();
        let object = NewObject::lasting(0, ContentType::unknown());
        self.bucket.write(&self.own, object, Bytes::new()).await?;
        self.written = begun;
        Ok(())
    }

    async fn rivals(&self) -> Result<Rivals, StoreError> {
        let mut listed = Vec::new();
        let mut each = |Listed { key, modified, .. }: Listed| {
            listed.push((key, modified));
            ControlFlow::Continue(())
        };
        self.bucket.listing(&self.folder, None, &mut each).await?;
        rivals(&self.own, &listed, self.lease).ok_or_else(|| {
            let problem = "what was written just now is not listed: claims mean nothing at such a store";
            s3_error("ListObjectsV2", Cause::Answer, problem)
        })
    }

    /// Renews the claim for as long as it is polled. Returns when it may have been lost.
    pub(super) async fn keep(&mut self) -> StoreError {
        loop {
            sleep(self.lease / 4).await;
            let renewed = self.write().await;
            match renewed {
                Err(error) if self.written.elapsed() > self.lease / 2 => return error,
                _ => {}
            }
        }
    }
}

impl Drop for Claim<'_> {
    /// Nobody has to wait for it: if it fails, the claim ends by itself.
    fn drop(&mut self) {
        if let Ok(runtime) = Handle::try_current() {
            let (bucket, own) = (self.bucket.clone(), self.own.clone());
            drop(self.bucket.clearing.spawn_on(async move { bucket.delete(&own).await }, &runtime));
        }
    }
}

/// What `listed` claims mean for the `own` one, written just now; `None` if it is not among them.
fn rivals(own: &ObjectKey, listed: &[(ObjectKey, Option<SystemTime>)], lease: Duration) -> Option<Rivals> {
    let now = listed.iter().find(|(key, _)| key == own)?.1?;
    let lives = |written: &Option<SystemTime>| written.is_none_or(|written| written + lease > now);
    let mut others = listed.iter().filter(|(key, written)| key != own && lives(written)).map(|(key, _)| key);
    Some(match others.next() {
        None => Rivals::None,
        // They are listed in their order.
        Some(first) if first < own => Rivals::Earlier,
        Some(_) => Rivals::Later,
    })
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    /// Of the claims of others beside our own, named "m": names, and seconds at which they were written.
    fn judged(claims: &[(&str, Option<u64>)]) -> Option<Rivals> {
        let key = |name: &str| ObjectKey(format!("claims/k/{name}"));
        let time = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let mut all: Vec<_> = claims.iter().map(|(name, at)| (key(name), at.map(time))).collect();
        all.sort();
        rivals(&key("m"), &all, LEASE)
    }

    const OWN: (&str, Option<u64>) = ("m", Some(1000));

    #[test]
    fn whoever_is_alone_writes_and_of_several_the_first_one_stays() {
        assert_eq!(judged(&[OWN]), Some(Rivals::None));
        assert_eq!(judged(&[OWN, ("z", Some(990))]), Some(Rivals::Later));
        assert_eq!(judged(&[OWN, ("a", Some(990))]), Some(Rivals::Earlier));
        assert_eq!(judged(&[OWN, ("a", Some(1001)), ("z", Some(990))]), Some(Rivals::Earlier));
    }

    #[test]
    fn a_claim_that_was_not_renewed_is_no_obstacle() {
        assert_eq!(judged(&[OWN, ("a", Some(940)), ("z", Some(3))]), Some(Rivals::None));
        assert_eq!(judged(&[OWN, ("a", Some(941))]), Some(Rivals::Earlier));
        assert_eq!(judged(&[OWN, ("a", None)]), Some(Rivals::Earlier), "of unknown age");
    }

    #[test]
    fn a_listing_without_the_own_claim_says_nothing() {
        assert_eq!(judged(&[]), None);
        assert_eq!(judged(&[("a", Some(5))]), None);
        assert_eq!(judged(&[("m", None)]), None, "nor one without its time");
    }
}
