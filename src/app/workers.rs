//! Copies many objects, a few at once.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::transfer::Observer;
use crate::store::ObjectKey;
use crate::transfer::{Copier, Failure, Outcome};

/// Pauses before an object is tried again.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// So many failures without anything between them, and it is not the objects.
const HOPELESS: u64 = 50;

/// What a copy came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Objects that are at the target now.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were there already.
    pub left: u64,
    /// Objects that were removed from the target: files that are over at the source, and those of users who were erased there.
    pub removed: u64,
    /// Objects of users who were erased at the target.
    pub erased: u64,
    /// What is no file of a slot, or not yet.
    pub left_out: u64,
    /// Objects that are not at the target, or not those of the source.
    pub failed: u64,
}

/// Copies objects, so many at once.
#[derive(Debug)]
pub(super) struct Workers {
    copier: Arc<Copier>,
    observer: Arc<dyn Observer>,
    at_once: usize,
    tasks: JoinSet<(ObjectKey, Result<Outcome, Failure>)>,
    pub(super) summary: Summary,
    failed_in_a_row: u64,
}

impl Workers {
    pub(super) fn new(copier: Arc<Copier>, observer: Arc<dyn Observer>, at_once: usize) -> Self {
        let (tasks, summary) = (JoinSet::new(), Summary::default());
        Self { copier, observer, at_once, tasks, summary, failed_in_a_row: 0 }
    }

    /// Begins with an object, as soon as there is a place for it.
    ///
    /// # Errors
    ///
    /// If nothing goes well any more.
    pub(super) async fn take(&mut self, key: ObjectKey) -> Result<(), String> {
        while self.tasks.len() >= self.at_once {
            self.one_ends().await;
        }
        if self.failed_in_a_row >= HOPELESS {
            return Err(format!("given up: the last {HOPELESS} failed"));
        }
        let copier = Arc::clone(&self.copier);
        self.tasks.spawn(async move { (key.clone(), copied(&copier, &key).await) });
        Ok(())
    }

    /// Waits for all that has begun.
    pub(super) async fn finish(&mut self) {
        while !self.tasks.is_empty() {
            self.one_ends().await;
        }
    }

    async fn one_ends(&mut self) {
        let Some(ended) = self.tasks.join_next().await else { return };
        let (key, outcome) = match ended {
            Ok(ended) => ended,
            // Nobody cancels one, so that it panicked, which goes on here.
            Err(ended) => return ended.try_into_panic().map_or((), |panic| resume_unwind(panic)),
        };
        self.count(&key, outcome);
    }

    fn count(&mut self, key: &ObjectKey, outcome: Result<Outcome, Failure>) {
        self.observer.ended();
        let summary = &mut self.summary;
        match outcome {
            Ok(Outcome::Copied(bytes)) => {
                summary.copied += 1;
                summary.bytes += bytes;
            }
            Ok(Outcome::Left) => summary.left += 1,
            Ok(Outcome::Ended) => summary.removed += 1,
            Ok(Outcome::Erased) => summary.erased += 1,
            Ok(Outcome::Gone) => {}
            Err(failure) => {
                summary.failed += 1;
                self.failed_in_a_row += u64::from(!failure.is_of_object());
                self.observer.problem(&format!("{}: {failure}", key.redacted()));
                return;
            }
        }
        self.failed_in_a_row = 0;
    }
}

async fn copied(copier: &Copier, key: &ObjectKey) -> Result<Outcome, Failure> {
    for pause in PAUSES {
        match copier.copy(key).await {
            Err(failure) if failure.may_pass() => tokio::time::sleep(pause).await,
            ended => return ended,
        }
    }
    copier.copy(key).await
}
