//! Long work on the store that several wait for.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Semaphore, watch};

use super::StoreError;

/// Places for such work: where they are taken, it waits.
#[derive(Debug, Clone)]
pub struct Seats(Arc<Semaphore>);

/// What somebody began, for all who need it as well: it goes on though they leave, and how it ends, all of them are told.
#[derive(Debug, Default)]
pub struct JointWork(Mutex<Weak<Outcome>>);

/// It lives as long as the work.
type Outcome = watch::Sender<Option<Result<(), StoreError>>>;

impl Seats {
    /// So many.
    #[must_use]
    pub fn new(seats: usize) -> Self {
        Self(Arc::new(Semaphore::new(seats)))
    }

    /// As long as this is held, no work begins.
    #[cfg(test)]
    pub(crate) async fn all(&self) -> tokio::sync::SemaphorePermit<'_> {
        let seats = u32::try_from(self.0.available_permits()).unwrap();
        self.0.acquire_many(seats).await.unwrap()
    }
}

impl JointWork {
    /// Waits for the work that goes on, or else begins `work`.
    ///
    /// # Errors
    ///
    /// The work's own.
    pub async fn join<Work>(&self, seats: &Seats, work: impl FnOnce() -> Work) -> Result<(), StoreError>
    where
        Work: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let mut outcome = self.outcome(seats, work);
        let told = outcome.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
        told.unwrap_or_else(|| Err(cut_off()))
    }

    /// Begins `work`, unless it goes on, and waits for nothing.
    pub fn begin<Work>(&self, seats: &Seats, work: impl FnOnce() -> Work)
    where
        Work: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        drop(self.outcome(seats, work));
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a stop may cut it off: what it has not done is begun anew"
    )]
    fn outcome<Work>(
        &self,
        seats: &Seats,
        work: impl FnOnce() -> Work,
    ) -> watch::Receiver<Option<Result<(), StoreError>>>
    where
        Work: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let mut going_on = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tell) = going_on.upgrade() {
            return tell.subscribe();
        }
        let (tell, outcome) = watch::channel(None);
        let tell = Arc::new(tell);
        *going_on = Arc::downgrade(&tell);
        let (seats, work) = (seats.clone(), work());
        tokio::spawn(async move {
            let _seat = seats.0.acquire().await;
            tell.send_replace(Some(work.await));
        });
        outcome
    }
}

/// Its thread ends, and the service with it.
fn cut_off() -> StoreError {
    let source = Arc::new(io::Error::other("the service stops"));
    StoreError::Disk { action: "wait for", place: "the store".to_owned(), source }
}
