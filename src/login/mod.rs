//! Logging in, as ejabberd asks it: is this the user's password, is there such a user? And the accounts it makes and removes.

mod accounts;
mod refusal;
mod registry;
mod token_user;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;

pub use self::accounts::{AccountRefusal, Accounts, Removals};
pub use self::refusal::LoginRefusal;
pub use self::registry::Registry;
pub use self::token_user::TokenUser;
use crate::authn::jwt::{Refused, Verified, VhostVerifier};
use crate::authn::keys::KeyId;
use crate::policy::MinuteRates;
use crate::telemetry::audit::{self, Attempt, Why};
use crate::telemetry::metrics::VhostCounters;
use crate::types::{BareJid, Localpart, LocalpartRef, Vhost, parse_localpart, parse_vhost};

/// Who counts as an existing user, when ejabberd asks on behalf of somebody who writes to him.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserExists {
    /// Whoever logged in once, was registered, or is listed.
    Seen,
    /// Everybody.
    All,
    /// Nobody but who is listed.
    None,
}

/// Users who are listed in a file. Its clones are the same.
#[derive(Debug, Clone, Default)]
pub struct ListedUsers(Arc<ArcSwap<HashSet<Localpart>>>);

impl ListedUsers {
    /// From now on these.
    pub fn replace(&self, users: HashSet<Localpart>) {
        self.0.store(Arc::new(users));
    }

    fn contain(&self, user: &LocalpartRef) -> bool {
        self.0.load().contains(user)
    }
}

/// One vhost's way of logging in.
#[derive(Debug)]
pub struct VhostLogin {
    /// Verifies its users' tokens.
    pub verifier: VhostVerifier,
    /// Who exists.
    pub user_exists: UserExists,
    /// Who exists in any case.
    pub listed: ListedUsers,
    /// Whether ejabberd may make and remove accounts.
    pub provisioning: bool,
    /// Count what goes well.
    pub counters: VhostCounters,
}

/// A login that failed, with what of our own it led to.
struct Failed<'login> {
    reason: LoginRefusal,
    issuer: Option<&'login str>,
    key: Option<KeyId>,
}

impl From<LoginRefusal> for Failed<'_> {
    fn from(reason: LoginRefusal) -> Self {
        Self { reason, issuer: None, key: None }
    }
}

impl<'login> From<Refused<'login>> for Failed<'login> {
    fn from(Refused { reason, issuer, key }: Refused<'login>) -> Self {
        Self { reason: reason.into(), issuer, key }
    }
}

/// Decides about logins, for all vhosts.
#[derive(Debug)]
pub struct Login {
    vhosts: HashMap<Vhost, VhostLogin>,
    registry: Arc<Registry>,
    failures: Arc<MinuteRates>,
}

impl Login {
    /// Logins for `vhosts`, whose users `registry` remembers. Of each user as many `failures` are told one by one as those rates allow.
    #[must_use]
    pub fn new(
        vhosts: impl IntoIterator<Item = VhostLogin>,
        registry: Arc<Registry>,
        failures: Arc<MinuteRates>,
    ) -> Self {
        let vhosts = vhosts.into_iter().map(|login| (login.verifier.vhost().clone(), login)).collect();
        Self { vhosts, registry, failures }
    }

    /// Decides whether `token` lets `user` of `server` in at `now` (seconds since 1970), and answers who vouches for the user. The
    /// decision is logged and counted.
    ///
    /// A good token is always good, whoever else failed in its user's name and however often: a stranger cannot lock a user out.
    /// What fails above the rate is counted, and told once a minute.
    ///
    /// # Errors
    ///
    /// [`LoginRefusal`], the reason why not.
    pub fn check_password(
        &self,
        user: &str,
        server: &str,
        token: &str,
        now: f64,
    ) -> Result<Verified<'_>, LoginRefusal> {
        let start = Instant::now();
        let vhost = self.vhost(server);
        let decision = self.decide(vhost, user, token, now);
        let attempt = Attempt {
            user,
            server,
            vhost: vhost.map(|(vhost, login)| (vhost, &login.counters)),
            took: start.elapsed(),
        };
        match decision {
            Ok(verified) => {
                audit::login_accepted(attempt, verified.issuer, verified.key.as_deref());
                Ok(verified)
            }
            Err(failed) => Err(self.refuse(attempt, &failed, now)),
        }
    }

    /// Remembers the user, if he gets in.
    fn decide<'login>(
        &'login self,
        vhost: Option<(&Vhost, &'login VhostLogin)>,
        user: &str,
        token: &str,
        now: f64,
    ) -> Result<Verified<'login>, Failed<'login>> {
        let (vhost, login) = vhost.ok_or(LoginRefusal::VhostUnknown)?;
        let user = parse_localpart(user).map_err(|_| LoginRefusal::UserMalformed)?;
        let verified = login.verifier.verify(token, &user, now)?;
        self.registry.remember(&BareJid::from_parts(Some(&user), vhost), verified.issuer);
        Ok(verified)
    }

    fn refuse(&self, attempt: Attempt<'_>, failed: &Failed<'_>, now: f64) -> LoginRefusal {
        let Failed { reason, issuer, key } = failed;
        let rate = self.failures.count((attempt.user, attempt.server), now);
        audit::login_refused(attempt, *issuer, key.as_deref(), Why::new(reason.reason(), reason), rate);
        *reason
    }

    /// Decides whether there is a `user` at `server`, from memory.
    #[must_use]
    pub fn user_exists(&self, user: &str, server: &str) -> bool {
        let Some((vhost, login)) = self.vhost(server) else { return false };
        let Ok(user) = parse_localpart(user) else { return false };
        match login.user_exists {
            UserExists::All => true,
            UserExists::None => login.listed.contain(&user),
            UserExists::Seen => {
                login.listed.contain(&user)
                    || self.registry.contains(&BareJid::from_parts(Some(&user), vhost))
            }
        }
    }

    fn vhosts(&self) -> impl Iterator<Item = &Vhost> {
        self.vhosts.keys()
    }

    fn vhost(&self, server: &str) -> Option<(&Vhost, &VhostLogin)> {
        self.vhosts.get_key_value(&parse_vhost(server)?)
    }
}
