//! Copies stores, and folders into stores, beside the service or without it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::{Builder, Runtime};

use super::build::{close_store, open_store};
use super::workers::{Summary, Workers};
use crate::config::StoreSettings;
use crate::store::{DiskStore, ObjectKey, ObjectPrefix, Store, StoreError};
use crate::transfer::{Copier, Erasures, PeerFolder, Progress, Side, Source};

/// Names that are held in memory at once.
const BATCH: usize = 10_000;

/// Is told how a copy goes on.
pub trait Observer: Progress {
    /// There are so many objects, with so many bytes.
    fn expect(&self, objects: u64, bytes: u64);
    /// One is done with, in whatever way.
    fn ended(&self);
    /// Something that the operator has to know of one.
    fn problem(&self, what: &str);
}

/// How objects are copied.
#[derive(Debug, Clone, Copy)]
pub struct CopyOrder {
    /// Which one counts of two that differ.
    pub prefer: Option<Side>,
    /// How many are copied at once.
    pub at_once: usize,
}

/// Copies all that is in the store `from` into the store `to`. Either may be in use.
///
/// # Errors
///
/// What keeps it from going on, in a sentence. What was copied by then stays.
pub fn copy_store(
    from: StoreSettings,
    to: StoreSettings,
    order: CopyOrder,
    observer: &Arc<dyn Observer>,
) -> Result<Summary, String> {
    runtime(order)?.block_on(async {
        let from = Arc::new(source(from).map_err(|error| format!("source: {error}"))?);
        into_target(to, async |to| copy(from, to, order, observer).await).await
    })
}

async fn copy(
    from: Arc<Store>,
    to: Arc<Store>,
    order: CopyOrder,
    observer: &Arc<dyn Observer>,
) -> Result<Summary, String> {
    let (objects, bytes) = counted(&from).await.map_err(|error| format!("source: {error}"))?;
    observer.expect(objects, bytes);
    let (mut workers, removed) = workers(Source::Store(Arc::clone(&from)), to, order, observer).await?;
    workers.summary.removed = removed;
    let ended = walk(&from, &mut workers).await;
    workers.finish().await;
    ended.map(|()| workers.summary)
}

/// Brings the files of another file server into the store `to`, which may be in use.
///
/// # Errors
///
/// What keeps it from going on, in a sentence. What was copied by then stays.
pub fn import_folder(
    folder: PeerFolder,
    to: StoreSettings,
    order: CopyOrder,
    observer: &Arc<dyn Observer>,
) -> Result<Summary, String> {
    let imports = async |to| import(Arc::new(folder), to, order, observer).await;
    runtime(order)?.block_on(into_target(to, imports))
}

async fn import(
    folder: Arc<PeerFolder>,
    to: Arc<Store>,
    order: CopyOrder,
    observer: &Arc<dyn Observer>,
) -> Result<Summary, String> {
    let found = folder.entries().flatten();
    let (objects, bytes) = found.fold((0, 0), |(objects, bytes), found| (objects + 1, bytes + found.size));
    observer.expect(objects, bytes);
    let (mut workers, _) = workers(Source::Folder(Arc::clone(&folder)), to, order, observer).await?;
    let mut ended = Ok(());
    for entry in folder.entries() {
        match entry {
            Ok(found) => ended = workers.take(found.key).await,
            Err(left_out) => {
                workers.summary.left_out += 1;
                observer.problem(&left_out.to_string());
            }
        }
        if ended.is_err() {
            break;
        }
    }
    workers.finish().await;
    ended.map(|()| workers.summary)
}

/// The workers, and what had to be removed from the target before they begin.
async fn workers(
    from: Source,
    to: Arc<Store>,
    order: CopyOrder,
    observer: &Arc<dyn Observer>,
) -> Result<(Workers, u64), String> {
    let erasures = Erasures::between(&from, &to).await.map_err(|error| error.to_string())?;
    let removed = erasures.follow(&from, &to).await.map_err(|error| error.to_string())?;
    let progress: Arc<dyn Progress> = Arc::<dyn Observer>::clone(observer);
    let copier = Arc::new(Copier { from, to, prefer: order.prefer, erasures, progress });
    Ok((Workers::new(copier, Arc::clone(observer), order.at_once), removed))
}

/// Hands all objects to the workers. What comes to the source meanwhile may be among them or not.
async fn walk(from: &Store, workers: &mut Workers) -> Result<(), String> {
    for prefix in ObjectPrefix::everything() {
        let mut after = None;
        loop {
            let keys =
                batch(from, &prefix, after.as_ref()).await.map_err(|error| format!("source: {error}"))?;
            after = keys.last().cloned();
            let more = keys.len() == BATCH;
            for key in keys {
                workers.take(key).await?;
            }
            if !more {
                break;
            }
        }
        // Their order counts.
        workers.finish().await;
    }
    Ok(())
}

async fn batch(
    from: &Store,
    prefix: &ObjectPrefix,
    after: Option<&ObjectKey>,
) -> Result<Vec<ObjectKey>, StoreError> {
    let mut keys = Vec::new();
    let each = |key| {
        keys.push(key);
        if keys.len() < BATCH { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    from.list_while(prefix, after, each).await?;
    Ok(keys)
}

async fn counted(store: &Store) -> Result<(u64, u64), StoreError> {
    let sums = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
    for prefix in ObjectPrefix::everything() {
        let sums = Arc::clone(&sums);
        let each = move |_key, size| {
            sums[0].fetch_add(1, Ordering::Relaxed);
            sums[1].fetch_add(size, Ordering::Relaxed);
        };
        store.sizes(&prefix, each).await?;
    }
    Ok((sums[0].load(Ordering::Relaxed), sums[1].load(Ordering::Relaxed)))
}

/// Reads and writes of a disk block, so that each has a thread.
fn runtime(order: CopyOrder) -> Result<Runtime, String> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(order.at_once.clamp(1, 16)).enable_all();
    builder.build().map_err(|error| error.to_string())
}

fn source(settings: StoreSettings) -> Result<Store, StoreError> {
    match settings {
        StoreSettings::Disk { path, .. } => Ok(Store::Disk(DiskStore::open_for_reading(&path)?)),
        s3 @ StoreSettings::S3 { .. } => open_store(s3),
    }
}

/// Opens the target and works on it until that is done, however it ends.
async fn into_target(
    settings: StoreSettings,
    work: impl AsyncFnOnce(Arc<Store>) -> Result<Summary, String>,
) -> Result<Summary, String> {
    let problem = |error: StoreError| format!("target: {error}");
    let store = Arc::new(open_store(settings).map_err(problem)?);
    store.check().await.map_err(problem)?;
    let done = work(Arc::clone(&store)).await;
    close_store(&store).await;
    done
}

/// Whether both are one and the same store, as far as their settings tell.
#[must_use]
pub fn is_same_store(one: &StoreSettings, other: &StoreSettings) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    match (one, other) {
        (StoreSettings::Disk { path: one, .. }, StoreSettings::Disk { path: other, .. }) => {
            one == other || real(one).is_some_and(|one| real(other) == Some(one))
        }
        (StoreSettings::S3 { location: one, .. }, StoreSettings::S3 { location: other, .. }) => one == other,
        _ => false,
    }
}
