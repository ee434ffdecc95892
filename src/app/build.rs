//! Settings into parts, parts into listeners.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::task::TaskTracker;

use super::Runtimes;
use super::background::{Background, WatchedTls};
use super::descriptors::affordable_connections;
use super::login;
use super::uploads::sites;
use crate::config::{ConfigError, Limits, Settings, StoreSettings};
use crate::http::{
    self, BindError, FilesDoor, HookDoor, Lanes, Listener, OpsDoor, Pace, Socket, TURNED_AWAY, Tls,
};
use crate::login::{Accounts, Registry};
use crate::store::{DiskStore, S3Store, Store, StoreError, StoreHealth};
use crate::telemetry::metrics as counters;
use crate::types::Address;
use crate::upload::Uploads;

/// ejabberd keeps its connections to the hook open and is trusted to.
const HOOK_PAUSE: Duration = Duration::from_hours(1);

/// The service, bound and not yet serving.
#[derive(Debug)]
pub struct App {
    pub(super) public: Listener,
    pub(super) hook: Listener,
    pub(super) ops: Listener,
    pub(super) registry: Arc<Registry>,
    pub(super) background: Background,
    pub(super) drain: Duration,
    /// Uploads whose clients have gone, which end all the same.
    pub(super) uploads: TaskTracker,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings that do not fit together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The disk store's folder.
    #[error("store.path: {0}")]
    Store(#[from] StoreError),
    /// An address.
    #[error(transparent)]
    Bind(#[from] BindError),
}

impl App {
    /// Opens the store and binds all listeners, or none.
    ///
    /// # Errors
    ///
    /// [`StartError`]
    pub fn bind(
        settings: Settings,
        metrics: PrometheusHandle,
        runtimes: &Runtimes,
    ) -> Result<Self, StartError> {
        let Settings { listen, hosts, store, mut limits, .. } = settings;
        limits.connections = affordable_connections(limits.connections);
        for host in &hosts {
            counters::announce(&host.vhost);
        }
        let sites = sites(&hosts)?;
        let store = Arc::new(open_store(store)?);
        let registry = Arc::new(Registry::new(Arc::clone(&store)));
        let rules = hosts.iter().map(|host| (host.vhost.clone(), host.upload.rules.clone())).collect();
        let uploads = Uploads::new(Arc::clone(&store), Arc::clone(&registry), rules, limits.uploads);
        let pace = pace(&limits);
        let tasks = TaskTracker::new();
        let files = FilesDoor { sites, uploads, pace, tasks: tasks.clone() };
        let health = Arc::new(StoreHealth::default());
        let (login, watched) = login::build(hosts, &registry, limits.logins_per_minute);
        let login = Arc::new(login);
        let accounts = Accounts::new(Arc::clone(&login), Arc::clone(&registry), Arc::clone(&store));
        let door = HookDoor { login, accounts: Arc::new(accounts), chores: runtimes.chores().clone() };
        let ops = OpsDoor { metrics, store: Arc::clone(&health), registry: Arc::clone(&registry) };

        let mut public = {
            let _runtime = runtimes.chores().enter();
            listener(
                "public",
                &listen.public,
                http::files(Arc::new(files)),
                &limits,
                runtimes.lanes().clone(),
            )?
        };
        public.turned_away = TURNED_AWAY;
        public.proxies = Some(listen.trusted_proxies);
        let tls = listen.tls.map(|files| {
            let served = Tls::new(files.identity().clone());
            public.tls = Some(served.clone());
            WatchedTls { files, served }
        });
        let _runtime = runtimes.main().enter();
        let lanes = Lanes::one(runtimes.main());
        let hook_routes = http::hook(door, &listen.hook_prefix, listen.hook_credentials, limits.idle_timeout);
        let mut hook = listener("hook", &listen.hook, hook_routes, &limits, lanes.clone())?;
        hook.header_timeout = HOOK_PAUSE;
        let ops = listener("ops", &listen.ops, http::ops(Arc::new(ops)), &limits, lanes)?;
        let background = Background { store, health, registry: Arc::clone(&registry), watched, tls };
        Ok(Self { public, hook, ops, registry, background, drain: limits.drain, uploads: tasks })
    }
}

fn listener(
    name: &'static str,
    address: &Address,
    routes: Router,
    limits: &Limits,
    lanes: Lanes,
) -> Result<Listener, BindError> {
    Ok(Listener {
        name,
        socket: Socket::bind(name, address)?,
        routes,
        lanes,
        connections: limits.connections,
        header_timeout: limits.header_timeout,
        pace: pace(limits),
        // ejabberd and Prometheus have few, and wait for one.
        turned_away: 0,
        tls: None,
        proxies: None,
    })
}

fn pace(limits: &Limits) -> Pace {
    Pace { idle: limits.idle_timeout, min_rate: limits.min_rate }
}

fn open_store(settings: StoreSettings) -> Result<Store, StoreError> {
    Ok(match settings {
        StoreSettings::Disk { path, sync } => Store::Disk(DiskStore::open(&path, sync)?),
        StoreSettings::S3 { location, credentials } => Store::S3(S3Store::new(location, &credentials)),
    })
}
