//! Settings into a service that is bound.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::Runtimes;
use super::background::{Background, ComponentTask};
use super::fixed::Fixed;
use super::prepared::{Lasting, Prepared, Served};
use super::reload::Reloader;
use crate::config::{ConfigError, ConfigFile, Settings, StoreSettings};
use crate::http::{BindError, Lanes, Listener, Socket};
use crate::login::{Registry, Removals};
use crate::policy::{MinuteBudgets, MinuteRates};
use crate::store::{DiskStore, S3Store, Store, StoreError, StoreHealth, within};
use crate::telemetry::metrics::Counting;
use crate::types::Address;
use crate::upload::{Bounds, OwnBounds, Rates, Room, Usage};

/// For the last requests to object storage, which forget what did not end. What is left by then is swept a day later.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// The service, bound and not yet serving.
#[derive(Debug)]
pub struct App {
    pub(super) public: Listener,
    pub(super) hook: Listener,
    pub(super) ops: Listener,
    pub(super) registry: Arc<Registry>,
    pub(super) background: Background,
    pub(super) component: ComponentTask,
    pub(super) drain: watch::Receiver<Duration>,
    /// Uploads whose clients have gone, which end all the same.
    pub(super) uploads: TaskTracker,
    pub(super) store: Arc<Store>,
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
    /// Opens the store and binds all listeners, or none. `settings` were read from `config`, from where a reload reads them again.
    ///
    /// # Errors
    ///
    /// [`StartError`]
    pub fn bind(
        settings: Settings,
        config: ConfigFile,
        counting: Counting,
        runtimes: &Runtimes,
    ) -> Result<Self, StartError> {
        let fixed = Fixed::of(&settings);
        let [public, hook, ops] =
            [&settings.listen.public, &settings.listen.hook, &settings.listen.ops].map(Address::clone);
        let lasting = lasting(&settings, counting, runtimes)?;
        let registry = Arc::clone(&lasting.registry);
        let (uploads, store) = (lasting.uploads.clone(), Arc::clone(&lasting.store));
        let (in_force, watched) = Prepared::new(settings, &lasting)?.begin(&lasting);

        let _runtime = runtimes.main().enter();
        let public = listener("public", &public, &in_force.public, runtimes.lanes().clone())?;
        let lanes = Lanes::one(runtimes.main());
        let hook = listener("hook", &hook, &in_force.hook, lanes.clone())?;
        let ops = listener("ops", &ops, &in_force.ops, lanes)?;
        let drain = in_force.drain.subscribe();
        let component = ComponentTask::new(in_force.component.subscribe(), Arc::clone(&lasting.component));
        let background = Background {
            counting: lasting.counting.clone(),
            store: Arc::clone(&lasting.store),
            usage: Arc::clone(&lasting.bounds.usage),
            health: Arc::clone(&lasting.health),
            registry: Arc::clone(&registry),
            watched,
            reloader: Reloader { config, fixed, lasting, in_force },
        };
        Ok(Self { public, hook, ops, registry, background, component, drain, uploads, store })
    }
}

fn lasting(settings: &Settings, counting: Counting, runtimes: &Runtimes) -> Result<Lasting, StoreError> {
    let store = Arc::new(open_store(settings.store.clone())?);
    let limits = &settings.limits;
    let bounds = Bounds {
        room: Arc::new(Room::new(limits.uploads)),
        usage: Arc::new(Usage::new(Arc::clone(&store))),
        rates: Arc::new(Rates::new(limits.bytes_per_minute)),
    };
    Ok(Lasting {
        health: Arc::new(StoreHealth::default()),
        registry: Arc::new(Registry::new(Arc::clone(&store))),
        store,
        bounds,
        failures: Arc::new(MinuteRates::new(settings.limits.logins_per_minute)),
        slots: Arc::new(MinuteBudgets::new(settings.limits.slots_per_minute.into())),
        own: Arc::new(OwnBounds::new(limits.api_requests_per_minute)),
        component: Arc::default(),
        removals: Removals::default(),
        uploads: TaskTracker::new(),
        counting,
        chores: runtimes.chores().clone(),
    })
}

fn listener(
    name: &'static str,
    address: &Address,
    in_force: &Served,
    lanes: Lanes,
) -> Result<Listener, BindError> {
    Ok(Listener {
        name,
        socket: Socket::bind(name, address)?,
        offer: in_force.offer.clone(),
        seats: in_force.seats.clone(),
        lanes,
    })
}

/// Waits, for a while, until nothing is left in the store that was there for the work on it alone.
pub(super) async fn close_store(store: &Store) {
    let _ = within(LAST_REQUESTS, store.give_up()).await;
}

pub(super) fn open_store(settings: StoreSettings) -> Result<Store, StoreError> {
    Ok(match settings {
        StoreSettings::Disk { path, sync } => Store::Disk(DiskStore::open(&path, sync)?),
        StoreSettings::S3 { location, credentials, limits, downloads } => {
            Store::S3(S3Store::new(location, &credentials).with_limits(limits).with_downloads(downloads))
        }
    })
}
