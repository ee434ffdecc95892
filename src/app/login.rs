//! Settings into the parts that log users in.

use std::sync::Arc;

use super::background::WatchedTls;
use crate::authn::jwt::{ClaimRules, Issuer, UserRules, VhostVerifier};
use crate::authn::keys::{Algorithm, IssuerKeys};
use crate::config::{HostSettings, IssuerSettings, UsersFile, WatchedFile};
use crate::login::{ListedUsers, Login, Registry, VhostLogin};
use crate::policy::MinuteRates;
use crate::telemetry::metrics::VhostCounters;
use crate::types::{Secret, Vhost};

/// A key set that is read again when its file changes.
#[derive(Debug)]
pub(super) struct WatchedKeys {
    pub(super) file: WatchedFile,
    pub(super) keys: IssuerKeys,
    pub(super) algorithms: Option<Vec<Algorithm>>,
    /// Whether they are shared secrets.
    pub(super) shared: bool,
    /// Secrets that are for something else.
    pub(super) never: Vec<Secret>,
}

/// A list of users that is read again when its file changes.
#[derive(Debug)]
pub(super) struct WatchedUsers {
    pub(super) file: UsersFile,
    pub(super) listed: ListedUsers,
}

/// The files whose changes count.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) keys: Vec<WatchedKeys>,
    pub(super) users: Vec<WatchedUsers>,
    pub(super) tls: Option<WatchedTls>,
    /// The keys of all issuers, to be told how many there are.
    pub(super) issuers: Vec<(Vhost, String, IssuerKeys)>,
}

/// The login of all vhosts, and the files to watch for it.
pub(super) fn build(
    hosts: Vec<HostSettings>,
    registry: &Arc<Registry>,
    failures: &Arc<MinuteRates>,
) -> (Login, Watched) {
    let never: Vec<_> = hosts.iter().flat_map(|host| host.upload.secrets()).cloned().collect();
    let mut watched = Watched::default();
    let vhosts: Vec<_> = hosts.into_iter().map(|host| vhost_login(host, &never, &mut watched)).collect();
    (Login::new(vhosts, Arc::clone(registry), Arc::clone(failures)), watched)
}

fn vhost_login(host: HostSettings, never: &[Secret], watched: &mut Watched) -> VhostLogin {
    let HostSettings { vhost, auth, issuers, .. } = host;
    let issuers: Vec<_> =
        issuers.into_iter().map(|settings| watched_issuer(settings, never, watched)).collect();
    let told = issuers.iter().map(|issuer| (vhost.clone(), issuer.name.clone(), issuer.keys.clone()));
    watched.issuers.extend(told);
    let listed = ListedUsers::default();
    if let Some(file) = auth.users_file {
        listed.replace(file.users().clone());
        watched.users.push(WatchedUsers { file, listed: listed.clone() });
    }
    VhostLogin {
        counters: VhostCounters::of(&vhost),
        verifier: VhostVerifier::new(vhost, auth.token_max_bytes, issuers),
        user_exists: auth.user_exists,
        listed,
        provisioning: auth.provisioning,
    }
}

fn watched_issuer(settings: IssuerSettings, never: &[Secret], watched: &mut Watched) -> Issuer {
    let algorithms = settings.algorithms.clone();
    let (issuer, file) = issuer(settings);
    if let Some(file) = file {
        let keys = issuer.keys.clone();
        let shared = keys.now().is_shared();
        watched.keys.push(WatchedKeys { file, keys, algorithms, shared, never: never.to_vec() });
    }
    issuer
}

/// The verifier of a vhost's tokens, for a command that looks at one.
#[must_use]
pub fn verifier(host: HostSettings) -> VhostVerifier {
    let issuers = host.issuers.into_iter().map(|settings| issuer(settings).0).collect();
    VhostVerifier::new(host.vhost, host.auth.token_max_bytes, issuers)
}

fn issuer(settings: IssuerSettings) -> (Issuer, Option<WatchedFile>) {
    let (keys, file) = settings.keys.into_parts();
    let issuer = Issuer {
        name: settings.issuer,
        keys: IssuerKeys::new(keys),
        types: settings.types,
        claims: ClaimRules {
            audience: settings.audience,
            leeway: settings.leeway,
            max_lifetime: settings.max_lifetime,
            required: settings.required_claims,
        },
        user: UserRules {
            claim: settings.user_claim,
            localparts: settings.localparts,
            full_jid_only: settings.full_jid_only,
        },
    };
    (issuer, file)
}
