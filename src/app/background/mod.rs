//! What goes on beside the listeners: the health of the store, the registry of users, settings that change, leftovers.

mod component;
mod counting;
mod files;
mod registry;
mod settings;
mod sweep;

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::signal::unix::Signal;
use tokio::task::JoinSet;

pub(super) use self::component::ComponentTask;
pub(super) use self::registry::write_last;
pub(super) use self::settings::WatchedTls;
use super::login::Watched;
use super::reload::Reloader;
use crate::login::Registry;
use crate::store::{Store, StoreHealth};
use crate::telemetry::metrics::Counting;
use crate::upload::Usage;

/// The parts that need to be looked after.
#[derive(Debug)]
pub(super) struct Background {
    pub(super) store: Arc<Store>,
    pub(super) usage: Arc<Usage>,
    pub(super) health: Arc<StoreHealth>,
    pub(super) counting: Counting,
    pub(super) registry: Arc<Registry>,
    pub(super) watched: Watched,
    pub(super) reloader: Reloader,
}

impl Background {
    /// Starts it all; none of the tasks ends by itself. It blocks in reads of files, so it belongs on the runtime that may.
    ///
    /// `reload` asks for the configuration to be read again. The registry is loaded before this returns, unless the store keeps it waiting.
    pub(super) async fn start(self, runtime: &Handle, reload: Signal) -> JoinSet<()> {
        let Self { store, usage, health, counting, registry, watched, reloader } = self;
        let mut tasks = JoinSet::new();
        tasks.spawn_on(health.watch(Arc::clone(&store)), runtime);
        tasks.spawn_on(counting::keep_small(counting), runtime);
        tasks.spawn_on(files::sweep(Arc::clone(&store), Arc::clone(&usage)), runtime);
        tasks.spawn_on(files::count(usage), runtime);
        tasks.spawn_on(sweep::keep(store), runtime);
        tasks.spawn_on(settings::keep(watched, reloader, reload), runtime);
        registry::load(Arc::clone(&registry), runtime).await;
        tasks.spawn_on(registry::keep(registry), runtime);
        tasks
    }
}
