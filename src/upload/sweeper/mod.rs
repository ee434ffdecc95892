//! The sweep: removes files in their time, and what leads to uploads that came to nothing.
//!
//! A file is over at its deadline for whoever serves it, which is undone by mending a clock. It is removed [`CLOCKS`] later. Processes may sweep one
//! store together, and may die at any moment: all that they do can be done twice, and the entry that says so goes last.

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;

use super::CLOCKS;
use super::trail::Trail;
use super::usage::Usage;
use crate::store::{ObjectKey, ObjectPrefix, Store, StoreError};
use crate::telemetry::metrics;

/// Entries that are looked at in one go.
const BATCH: usize = 500;
/// How many of them at once.
const AT_ONCE: usize = 8;

/// Removes files in their time.
#[derive(Debug)]
pub struct Sweeper {
    store: Arc<Store>,
    usage: Arc<Usage>,
    /// Where the last round stopped.
    after: Option<ObjectKey>,
}

/// What a round came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files that were removed.
    pub removed: usize,
    /// Those that could not be, and are tried again when all others have had their turn.
    pub failed: usize,
    /// Why the first one of them could not.
    pub problem: Option<String>,
    /// Whether there may be more.
    pub more: bool,
}

impl Swept {
    /// With what the next round came to.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        Self {
            removed: self.removed + next.removed,
            failed: self.failed + next.failed,
            problem: self.problem.or(next.problem),
            more: next.more,
        }
    }

    fn count(mut self, one: Result<bool, StoreError>) -> Self {
        match one {
            Ok(removed) => self.removed += usize::from(removed),
            Err(error) => {
                self.failed += 1;
                self.problem.get_or_insert_with(|| error.to_string());
            }
        }
        self
    }
}

impl Sweeper {
    /// For the files in `store`.
    #[must_use]
    pub fn new(store: Arc<Store>, usage: Arc<Usage>) -> Self {
        Self { store, usage, after: None }
    }

    /// Removes some of what has been over for an hour at `now`, seconds since 1970. That time has to be right: what is removed does not come back.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it could not be found out what that is. What one file has is told by [`Swept`].
    pub async fn round(&mut self, now: u64) -> Result<Swept, StoreError> {
        let due = self.due(now.saturating_sub(CLOCKS)).await?;
        let this = &*self;
        let each = stream::iter(due.clone());
        let each = each.map(|(entry, time)| async move { this.sweep(&entry, time, now).await });
        let swept = each.buffer_unordered(AT_ONCE);
        let swept = swept.fold(Swept::default(), async |swept, one| swept.count(one)).await;
        let more = due.len() == BATCH;
        self.after = due.into_iter().next_back().map(|(entry, _)| entry).filter(|_| more);
        Ok(Swept { more, ..swept })
    }

    /// Entries up to a time, from where the last round stopped on.
    async fn due(&mut self, until: u64) -> Result<Vec<(ObjectKey, u64)>, StoreError> {
        let after = self.after.take();
        let mut due = Vec::new();
        let each = |key: ObjectKey| {
            // What is no entry is not ours.
            let Some(time) = time(&key) else { return ControlFlow::Continue(()) };
            if time > until || due.len() == BATCH {
                return ControlFlow::Break(());
            }
            due.push((key, time));
            ControlFlow::Continue(())
        };
        self.store.list_while(&ObjectPrefix::expiring(), after.as_ref(), each).await?;
        Ok(due)
    }

    /// Does what an entry says, and answers whether a file was removed.
    async fn sweep(&self, entry: &ObjectKey, time: u64, now: u64) -> Result<bool, StoreError> {
        // Somebody else may have been here.
        let Some(found) = self.store.get(entry).await? else { return Ok(false) };
        let text = found.body.collect().await?.to_bytes();
        let damaged = || StoreError::Damaged { object: entry.redacted() };
        let trail = Trail::parse(&text).ok_or_else(damaged)?;
        let file = trail.file();
        let removed = match self.store.head(&file).await? {
            // It never came, or was erased.
            None => {
                trail.delete_pointer(&self.store).await?;
                false
            }
            Some(info) if info.life.buried => {
                trail.delete_pointer(&self.store).await?;
                if info.life.keep_until == Some(time) {
                    self.store.delete(&file).await?;
                }
                false
            }
            Some(info) if info.life.keep_until == Some(time) => {
                trail.delete_pointer(&self.store).await?;
                trail.end(&self.store, &info, now).await?;
                self.usage.removed(&trail.vhost, trail.owner(), &file, info.size);
                metrics::file_expired(&trail.vhost);
                true
            }
            // The slot is over, or another attempt at it had another deadline. The file stays.
            Some(_) => {
                self.lead_to(&trail, &file).await?;
                false
            }
        };
        self.store.delete(entry).await?;
        Ok(removed)
    }

    /// Makes sure that a file has its pointer: an upload may have ended after an earlier sweep took it for one that would not come.
    async fn lead_to(&self, trail: &Trail, file: &ObjectKey) -> Result<(), StoreError> {
        let Some(pointer) = trail.pointer() else { return Ok(()) };
        if self.store.head(&pointer).await?.is_some() {
            return Ok(());
        }
        trail.note_pointer(&self.store).await?;
        // Unless it has gone meanwhile, and nobody would look for the pointer any more.
        let is_there = self.store.head(file).await?.is_some_and(|info| !info.life.buried);
        if is_there { Ok(()) } else { self.store.delete(&pointer).await }
    }
}

fn time(entry: &ObjectKey) -> Option<u64> {
    let name = entry.as_str().strip_prefix("expiring/")?.split_once('/')?.1;
    name.split_once('-')?.0.parse().ok()
}
