//! What goes on beside the listeners: the registry of users, and files that are read again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::login::{Watched, WatchedKeys, WatchedUsers};
use crate::authn::keys::parse_jwks;
use crate::login::Registry;
use crate::store::{Store, StoreError, StoreHealth};

/// How often files are read. A change counts after this time at most.
const REREAD: Duration = Duration::from_secs(2);
/// How often the registry asks the store what is new.
const REFRESH: Duration = Duration::from_secs(5);
/// How often the registry writes down who logged in.
const WRITE: Duration = Duration::from_secs(1);
/// How often what the store refused is tried again.
const RETRY: Duration = Duration::from_secs(15);
/// How long the start waits for the registry, and the stop for what it has not written.
const PATIENCE: Duration = Duration::from_secs(5);

/// The parts that need to be looked after.
#[derive(Debug)]
pub(super) struct Background {
    pub(super) store: Arc<Store>,
    pub(super) health: Arc<StoreHealth>,
    pub(super) registry: Arc<Registry>,
    pub(super) watched: Watched,
}

impl Background {
    /// Starts it all. It blocks in reads of files, so it belongs on the runtime that may.
    ///
    /// The registry is loaded before this returns, unless the store keeps it waiting.
    pub(super) async fn start(self, runtime: &tokio::runtime::Handle) -> JoinSet<()> {
        let Self { store, health, registry, watched } = self;
        let mut tasks = JoinSet::new();
        tasks.spawn_on(health.watch(store), runtime);
        let loading = Arc::clone(&registry);
        let loaded = runtime.spawn(async move { loading.refresh().await });
        if tokio::time::timeout(PATIENCE, loaded).await.is_err() {
            tracing::warn!(
                "the store is slow: the registry of users is loaded later, and until then every user exists"
            );
        }
        tasks.spawn_on(write(Arc::clone(&registry)), runtime);
        tasks.spawn_on(refresh(registry), runtime);
        tasks.spawn_on(reread(watched), runtime);
        tasks
    }
}

/// Writes down what the registry has not written yet, before the service ends.
pub(super) async fn last_writes(registry: &Registry) {
    if !matches!(tokio::time::timeout(PATIENCE, registry.write()).await, Ok(Ok(()))) {
        tracing::error!(
            "some users who logged in just now could not be written down: they are unknown until their next login"
        );
    }
}

async fn write(registry: Arc<Registry>) {
    let mut trouble = Trouble::new("users who logged in could not be written down, and are kept in memory");
    loop {
        let pause = trouble.after(&registry.write().await, WRITE);
        tokio::time::sleep(pause).await;
    }
}

async fn refresh(registry: Arc<Registry>) {
    let mut trouble = Trouble::new("what other replicas know of users could not be read");
    loop {
        let pause = if registry.is_loaded() { REFRESH } else { WRITE };
        let pause = trouble.after(&registry.refresh().await, pause);
        tokio::time::sleep(pause).await;
    }
}

/// Tells a failure once, and its end.
struct Trouble {
    what: &'static str,
    lasts: bool,
}

impl Trouble {
    fn new(what: &'static str) -> Self {
        Self { what, lasts: false }
    }

    /// Answers when to try again.
    fn after(&mut self, outcome: &Result<(), StoreError>, pause: Duration) -> Duration {
        match outcome {
            Ok(()) if self.lasts => tracing::info!("over: {}", self.what),
            Err(error) if !self.lasts => tracing::error!("{}: {error}", self.what),
            _ => {}
        }
        self.lasts = outcome.is_err();
        if self.lasts { RETRY } else { pause }
    }
}

async fn reread(Watched { mut keys, mut users }: Watched) {
    if keys.is_empty() && users.is_empty() {
        return;
    }
    loop {
        tokio::time::sleep(REREAD).await;
        keys.iter_mut().for_each(reread_keys);
        users.iter_mut().for_each(reread_users);
    }
}

/// A file that cannot be understood changes nothing: it may be half written. One that can counts as it is, even with no key left.
fn reread_keys(watched: &mut WatchedKeys) {
    let Some(changed) = watched.file.changed() else { return };
    let file = watched.file.path().display();
    let parsed = changed.map_err(|error| error.to_string()).and_then(|bytes| {
        parse_jwks(&bytes, watched.algorithms.as_deref()).map_err(|fault| fault.to_string())
    });
    let parsed = match parsed {
        Ok(parsed) if parsed.keys.is_empty() || parsed.keys.is_shared() == watched.shared => parsed,
        Ok(_) => {
            tracing::error!(
                "{file}: turned from public keys into shared secrets, or back: the keys from before stay until a restart"
            );
            return;
        }
        Err(problem) => {
            tracing::error!("{file} {problem}: the keys from before stay");
            return;
        }
    };
    for skipped in &parsed.skipped {
        tracing::warn!("{file}: {skipped}, and is not used");
    }
    if parsed.keys.is_empty() {
        tracing::error!("{file}: holds no usable key: nobody can log in with this issuer's tokens");
    } else {
        tracing::info!("{file}: {} keys are used now", parsed.keys.len());
    }
    watched.keys.replace(parsed.keys);
}

fn reread_users(watched: &mut WatchedUsers) {
    match watched.file.changed() {
        None => {}
        Some(Ok(users)) => {
            tracing::info!("auth.users_file: {} users exist in any case now", users.len());
            watched.listed.replace(users);
        }
        Some(Err(problem)) => tracing::error!("{problem}: the users from before stay"),
    }
}
