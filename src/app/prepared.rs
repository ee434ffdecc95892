//! Settings into what the listeners offer: the same way at the start and at each reload.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::background::WatchedTls;
use super::descriptors::affordable_connections;
use super::login::{self, Watched};
use super::uploads::sites;
use crate::component::Component;
use crate::config::{
    ComponentSettings, ConfigError, Limits, ListenSettings, LogSettings, Settings, TlsSettings,
};
use crate::http::{
    self, ApiDoor, CurrentOffer, FilesDoor, HookDoor, HookKeys, Offer, OpsDoor, Pace, Seats, TURNED_AWAY, Tls,
};
use crate::login::{Accounts, Registry, Removals};
use crate::policy::{MinuteBudgets, MinuteRates};
use crate::store::{Store, StoreHealth};
use crate::telemetry::component::ComponentState;
use crate::telemetry::logs;
use crate::telemetry::metrics::{self, Counting};
use crate::types::Vhost;
use crate::upload::{Bounds, Erasure, OwnBounds, OwnFiles, Sites, SlotDesk, UploadRules, Uploads};

/// ejabberd keeps its connections to the hook open and is trusted to.
const HOOK_PAUSE: Duration = Duration::from_hours(1);

/// What lasts as long as the process, however often the settings change: what was counted, remembered and begun.
#[derive(Debug)]
pub(super) struct Lasting {
    pub(super) store: Arc<Store>,
    pub(super) health: Arc<StoreHealth>,
    pub(super) registry: Arc<Registry>,
    pub(super) bounds: Bounds,
    pub(super) failures: Arc<MinuteRates>,
    /// Slots that users asked for.
    pub(super) slots: Arc<MinuteBudgets>,
    /// What users asked of the API.
    pub(super) own: Arc<OwnBounds>,
    pub(super) component: Arc<ComponentState>,
    pub(super) removals: Removals,
    /// Uploads whose clients have gone.
    pub(super) uploads: TaskTracker,
    pub(super) counting: Counting,
    /// Where accounts are made and removed.
    pub(super) chores: Handle,
}

/// What settings come to, not in force yet.
#[derive(Debug)]
pub(super) struct Prepared {
    public: Offer,
    hook: Offer,
    ops: Offer,
    component: Option<Arc<Component>>,
    rest: Rest,
}

/// What counts beside the offers.
#[derive(Debug)]
struct Rest {
    vhosts: Vec<Vhost>,
    /// Those of them with a quota of their own.
    with_quota: Vec<Vhost>,
    limits: Limits,
    log: LogSettings,
    watched: Watched,
}

/// What is in force, for those who hold a clone of it as well.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) public: Served,
    pub(super) hook: Served,
    pub(super) ops: Served,
    pub(super) component: watch::Sender<Option<Arc<Component>>>,
    pub(super) drain: watch::Sender<Duration>,
}

/// What a listener serves, and to how many.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) offer: CurrentOffer,
    pub(super) seats: Seats,
}

impl Served {
    fn begin(offer: Offer, connections: usize, turned_away: usize) -> Self {
        Self { offer: CurrentOffer::new(offer), seats: Seats::new(connections, turned_away) }
    }

    fn replace(&self, offer: Offer, connections: usize) {
        self.offer.replace(offer);
        self.seats.resize(connections);
    }
}

impl Prepared {
    /// Makes everything that can turn out unusable, and changes nothing.
    pub(super) fn new(settings: Settings, lasting: &Lasting) -> Result<Self, ConfigError> {
        let Settings { listen, hosts, component, limits, log, .. } = settings;
        let ListenSettings {
            api, tls, trusted_proxies, hook_prefix, hook_credentials, hook_slot_key, ..
        } = listen;
        let Lasting { store, health, registry, .. } = lasting;
        let pace = Pace { idle: limits.idle_timeout, min_rate: limits.min_rate };
        let vhosts = hosts.iter().map(|host| host.vhost.clone()).collect();

        let with_quota = hosts.iter().filter(|host| host.upload.rules.quotas.per_host.is_some());
        let with_quota = with_quota.map(|host| host.vhost.clone()).collect();
        let rules: HashMap<_, _> =
            hosts.iter().map(|host| (host.vhost.clone(), host.upload.rules.clone())).collect();
        let sites = Arc::new(sites(&hosts)?);
        let (bounds, asked) = (lasting.bounds.clone(), Arc::clone(&lasting.slots));
        let desk = SlotDesk::new(Arc::clone(&sites), rules.clone(), Arc::clone(&bounds.usage), asked);
        let slots = Arc::new(desk);
        let component = component.map(|component| Arc::new(at_desk(component, Arc::clone(&slots))));
        let own = own_files(lasting, &sites, &slots, &rules);
        let uploads = Uploads::new(Arc::clone(store), Arc::clone(registry), rules, bounds);
        let files = FilesDoor { sites, uploads, pace, tasks: lasting.uploads.clone() };

        let (login, mut watched) = login::build(hosts, registry, &lasting.failures);
        let login = Arc::new(login);
        let api = api.then(|| ApiDoor {
            login: Arc::clone(&login),
            files: Arc::new(own),
            chores: lasting.chores.clone(),
            body_timeout: limits.header_timeout,
        });
        let removals = lasting.removals.clone();
        let usage = Arc::clone(&lasting.bounds.usage);
        let erasure = Erasure::new(Arc::clone(store), Arc::clone(registry), usage);
        let accounts = Accounts::new(Arc::clone(&login), Arc::clone(registry), erasure, removals);
        let hook = HookDoor { login, accounts: Arc::new(accounts), chores: lasting.chores.clone(), slots };
        let keys = HookKeys { credentials: hook_credentials, slot_key: hook_slot_key };
        let hook = http::hook(hook, &hook_prefix, keys, limits.idle_timeout);
        let (store, registry) = (Arc::clone(health), Arc::clone(registry));
        let ops = OpsDoor {
            counting: lasting.counting.clone(),
            store,
            registry,
            component: Arc::clone(&lasting.component),
        };

        let tls = tls.map(TlsSettings::open).transpose()?.map(|files| {
            let served = Tls::new(files.identity().clone());
            watched.tls = Some(WatchedTls { files, served: served.clone() });
            served
        });
        let offer = |routes| Offer::new(routes, limits.header_timeout, pace);
        Ok(Self {
            public: offer(http::public(Arc::new(files), api)).to_strangers(trusted_proxies, tls),
            hook: Offer::new(hook, HOOK_PAUSE, pace),
            ops: offer(http::ops(Arc::new(ops))),
            component,
            rest: Rest { vhosts, with_quota, limits, log, watched },
        })
    }

    /// Begins with it. Answers the files to look after, too.
    pub(super) fn begin(self, lasting: &Lasting) -> (InForce, Watched) {
        let Self { public, hook, ops, component, rest } = self;
        let connections = affordable_connections(rest.limits.connections);
        let in_force = InForce {
            public: Served::begin(public, connections, TURNED_AWAY),
            // ejabberd and Prometheus have few, and wait for one.
            hook: Served::begin(hook, connections, 0),
            ops: Served::begin(ops, connections, 0),
            component: watch::Sender::new(component),
            drain: watch::Sender::new(rest.limits.drain),
        };
        (in_force, rest.count(lasting))
    }

    /// Takes the place of what is `in_force`. Nothing in here can fail.
    pub(super) fn replace(self, in_force: &InForce, lasting: &Lasting) -> Watched {
        let Self { public, hook, ops, component, rest } = self;
        let connections = affordable_connections(rest.limits.connections);
        in_force.public.replace(public, connections);
        in_force.hook.replace(hook, connections);
        in_force.ops.replace(ops, connections);
        in_force.component.send_replace(component);
        in_force.drain.send_replace(rest.limits.drain);
        rest.count(lasting)
    }
}

fn at_desk(component: ComponentSettings, desk: Arc<SlotDesk>) -> Component {
    let ComponentSettings { jid, server, secret } = component;
    Component { jid, server, secret, desk }
}

fn own_files(
    lasting: &Lasting,
    sites: &Arc<Sites>,
    desk: &Arc<SlotDesk>,
    rules: &HashMap<Vhost, UploadRules>,
) -> OwnFiles {
    let quotas = rules.iter().map(|(vhost, rules)| (vhost.clone(), rules.quotas)).collect();
    let usage = Arc::clone(&lasting.bounds.usage);
    let (store, bounds) = (Arc::clone(&lasting.store), Arc::clone(&lasting.own));
    OwnFiles::new(store, Arc::clone(sites), Arc::clone(desk), usage, quotas, bounds)
}

impl Rest {
    fn count(self, lasting: &Lasting) -> Watched {
        let Bounds { room, usage, rates } = &lasting.bounds;
        room.resize(self.limits.uploads);
        rates.allow(self.limits.bytes_per_minute);
        usage.keep_hosts(self.with_quota);
        lasting.failures.allow(self.limits.logins_per_minute);
        lasting.slots.allow(self.limits.slots_per_minute.into());
        lasting.own.requests.allow(self.limits.api_requests_per_minute.into());
        logs::filter(self.log.level, self.log.audit);
        self.vhosts.iter().for_each(metrics::announce);
        self.watched
    }
}
