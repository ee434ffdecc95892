//! Settings into parts, parts into listeners.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;

use super::Runtimes;
use super::descriptors::affordable_connections;
use crate::authn::jwt::{ClaimRules, Issuer, VhostVerifier};
use crate::authn::{Key, UploadAuthority};
use crate::config::{
    ConfigError, HostSettings, IssuerSettings, Limits, Settings, StoreSettings, UploadSettings,
};
use crate::http::{self, BindError, FilesDoor, Listener, OpsDoor, Socket};
use crate::login::{Login, VhostLogin};
use crate::store::{DiskStore, S3Store, Store, StoreError, StoreHealth};
use crate::telemetry::metrics as counters;
use crate::types::{Address, Vhost};
use crate::upload::{Site, SiteConflict, Sites, Uploads};

/// ejabberd keeps its connections to the hook open and is trusted to.
const HOOK_PAUSE: Duration = Duration::from_hours(1);

/// The service, bound and not yet serving.
#[derive(Debug)]
pub struct App {
    pub(super) public: Listener,
    pub(super) hook: Listener,
    pub(super) ops: Listener,
    pub(super) store: Arc<Store>,
    pub(super) health: Arc<StoreHealth>,
    pub(super) drain: Duration,
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
        let login = Arc::new(login(&hosts));
        let sites = sites(&hosts).map_err(|conflict| ConfigError::at("upload.public_url", conflict))?;
        let store = Arc::new(open_store(store)?);
        let max_sizes = hosts.iter().map(|host| (host.vhost.clone(), host.upload.max_size)).collect();
        let files = FilesDoor { sites, uploads: Uploads::new(Arc::clone(&store), max_sizes) };
        let health = Arc::new(StoreHealth::default());
        let ops = OpsDoor { metrics, store: Arc::clone(&health) };

        let public = {
            let _runtime = runtimes.files().enter();
            listener("public", &listen.public, http::files(Arc::new(files)), &limits)?
        };
        let _runtime = runtimes.main().enter();
        let hook_routes = http::hook(login, &listen.hook_prefix, listen.hook_credentials);
        let mut hook = listener("hook", &listen.hook, hook_routes, &limits)?;
        hook.header_timeout = HOOK_PAUSE;
        let ops = listener("ops", &listen.ops, http::ops(Arc::new(ops)), &limits)?;
        Ok(Self { public, hook, ops, store, health, drain: limits.drain })
    }
}

fn listener(
    name: &'static str,
    address: &Address,
    routes: Router,
    limits: &Limits,
) -> Result<Listener, BindError> {
    Ok(Listener {
        name,
        socket: Socket::bind(name, address)?,
        routes,
        connections: limits.connections,
        header_timeout: limits.header_timeout,
        idle_timeout: limits.idle_timeout,
    })
}

fn login(hosts: &[HostSettings]) -> Login {
    Login::new(hosts.iter().map(|host| {
        let issuers = host.issuers.iter().map(issuer).collect();
        let verifier = VhostVerifier::new(host.vhost.clone(), host.auth.token_max_bytes, issuers);
        VhostLogin { verifier, user_exists: host.auth.user_exists }
    }))
}

fn issuer(settings: &IssuerSettings) -> Issuer {
    let IssuerSettings { issuer, audience, leeway, max_lifetime, secret } = settings;
    let rules = ClaimRules { audience: audience.clone(), leeway: *leeway, max_lifetime: *max_lifetime };
    Issuer { name: issuer.clone(), keys: vec![Key::from(secret)], rules }
}

fn sites(hosts: &[HostSettings]) -> Result<Sites, SiteConflict> {
    Sites::new(hosts.iter().map(|host| site(&host.vhost, &host.upload)).collect())
}

fn site(vhost: &Vhost, upload: &UploadSettings) -> Site {
    Site {
        vhost: vhost.clone(),
        prefix: format!("{}/", upload.public_url.path().trim_end_matches('/')),
        authority: UploadAuthority::new(vhost.clone(), &upload.signing_secret, &upload.retired_secrets),
    }
}

fn open_store(settings: StoreSettings) -> Result<Store, StoreError> {
    Ok(match settings {
        StoreSettings::Disk { path, sync } => Store::Disk(DiskStore::open(&path, sync)?),
        StoreSettings::S3 { location, credentials } => Store::S3(S3Store::new(location, &credentials)),
    })
}
