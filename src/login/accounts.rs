//! The accounts that ejabberd makes and removes.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Login, LoginRefusal, Registry, VhostLogin};
use crate::store::{ObjectKey, ObjectPrefix, Store, StoreError};
use crate::telemetry::audit::{self, Why};
use crate::telemetry::reason::{AccountReason, Reason};
use crate::types::{BareJid, ContentType, UserHash, parse_localpart};

/// Makes accounts and removes them, where a vhost's `provisioning` allows it.
#[derive(Debug)]
pub struct Accounts {
    login: Arc<Login>,
    registry: Arc<Registry>,
    store: Arc<Store>,
    removals: Removals,
}

/// Users who are being removed. Its clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Removals(Arc<Mutex<HashSet<UserHash>>>);

/// Why an account was not made or removed.
#[derive(Debug, thiserror::Error)]
pub enum AccountRefusal {
    /// `provisioning` is off.
    #[error("auth.provisioning is off: accounts are made and removed where tokens are issued")]
    ProvisioningOff,
    /// No such vhost, no such name, or a token that is not good.
    #[error(transparent)]
    Login(#[from] LoginRefusal),
    /// There is one already.
    #[error("the user exists")]
    Exists,
    /// He is in `users_file`, where only the operator can remove him.
    #[error("the user is listed in auth.users_file: take the line out first")]
    Listed,
    /// There is none.
    #[error("there is no such user")]
    Missing,
    /// He is being removed already.
    #[error("the user is being removed already")]
    Busy,
    /// The registry was not loaded yet: the store is away, or the service has just started.
    #[error("the registry of users was not loaded yet")]
    NotLoaded,
    /// The store failed: the call can be tried again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccountRefusal {
    /// The stable reason code.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::ProvisioningOff => AccountReason::ProvisioningOff.into(),
            Self::Login(refusal) => refusal.reason(),
            Self::Exists => AccountReason::Exists.into(),
            Self::Listed => AccountReason::Listed.into(),
            Self::Missing => AccountReason::Missing.into(),
            Self::Busy => AccountReason::Busy.into(),
            Self::NotLoaded => AccountReason::NotLoaded.into(),
            Self::Store(_) => AccountReason::StoreFailed.into(),
        }
    }
}

impl Accounts {
    /// The accounts of `login`'s vhosts, whose files lie in `store`; `removals` go on.
    #[must_use]
    pub fn new(login: Arc<Login>, registry: Arc<Registry>, store: Arc<Store>, removals: Removals) -> Self {
        Self { login, registry, store, removals }
    }

    /// Makes `user` exist at `server` before the first login. Passwords stay where tokens are issued.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`]
    pub async fn register(&self, user: &str, server: &str) -> Result<(), AccountRefusal> {
        told("register", user, server, self.make(user, server).await)
    }

    /// Removes `user` of `server`: its files, then what is known of it.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`]
    pub async fn remove(&self, user: &str, server: &str) -> Result<(), AccountRefusal> {
        told("remove", user, server, self.erase(user, server).await)
    }

    /// The same for a user who shows a token at `now`, seconds since 1970.
    ///
    /// # Errors
    ///
    /// [`AccountRefusal`]
    pub async fn remove_with_token(
        &self,
        user: &str,
        server: &str,
        token: &str,
        now: f64,
    ) -> Result<(), AccountRefusal> {
        told("remove", user, server, self.erase_with_token(user, server, token, now).await)
    }

    async fn make(&self, user: &str, server: &str) -> Result<(), AccountRefusal> {
        let (login, user) = self.provisioned(user, server)?;
        if listed(login, &user) || self.registry.contains(&user) {
            return Err(AccountRefusal::Exists);
        }
        Ok(self.registry.register(&user).await?)
    }

    async fn erase_with_token(
        &self,
        user: &str,
        server: &str,
        token: &str,
        now: f64,
    ) -> Result<(), AccountRefusal> {
        self.existing(user, server).await?;
        self.login.check_password(user, server, token, now)?;
        self.erase(user, server).await
    }

    async fn erase(&self, user: &str, server: &str) -> Result<(), AccountRefusal> {
        let user = self.existing(user, server).await?;
        let hash = UserHash::from(&user);
        let _removal = Removal::begin(&self.removals, hash).ok_or(AccountRefusal::Busy)?;
        // The entry goes behind the files: as long as it is there, an interrupted removal can be tried again, and the user can upload.
        // Uploads that end before it goes may leave files again; those which end later see that he is gone.
        self.delete_files(hash).await?;
        // Not before the files, which may be what fills the disk; and not behind the entry, without which it counts.
        self.bury(hash).await?;
        self.registry.remove(&user).await?;
        Ok(self.delete_files(hash).await?)
    }

    /// Below each vhost: where several share a secret, a slot counts at all of them.
    async fn delete_files(&self, user: UserHash) -> Result<(), StoreError> {
        for vhost in self.login.vhosts() {
            self.store.delete_all(&ObjectPrefix::files_of(vhost, user)).await?;
        }
        Ok(())
    }

    /// Upload slots of XMPP servers never expire. Those of a user who has a tomb count only as long as the registry knows him.
    async fn bury(&self, user: UserHash) -> Result<(), StoreError> {
        self.store.note(&ObjectKey::tomb(user), ContentType::unknown(), String::new()).await
    }

    async fn existing(&self, user: &str, server: &str) -> Result<BareJid, AccountRefusal> {
        let (login, user) = self.provisioned(user, server)?;
        if listed(login, &user) {
            return Err(AccountRefusal::Listed);
        }
        if !self.registry.contains(&user) {
            // He may have been at another replica a moment ago.
            self.registry.refresh().await?;
        }
        if self.registry.contains(&user) { Ok(user) } else { Err(AccountRefusal::Missing) }
    }

    fn provisioned(&self, user: &str, server: &str) -> Result<(&VhostLogin, BareJid), AccountRefusal> {
        let (vhost, login) = self.login.vhost(server).ok_or(LoginRefusal::VhostUnknown)?;
        if !login.provisioning {
            return Err(AccountRefusal::ProvisioningOff);
        }
        let user = parse_localpart(user).map_err(|_| LoginRefusal::UserMalformed)?;
        if !self.registry.is_loaded() {
            return Err(AccountRefusal::NotLoaded);
        }
        Ok((login, BareJid::from_parts(Some(&user), vhost)))
    }
}

/// A removal that is under way.
struct Removal<'accounts> {
    removals: &'accounts Removals,
    user: UserHash,
}

impl<'accounts> Removal<'accounts> {
    /// `None` if there is one.
    fn begin(removals: &'accounts Removals, user: UserHash) -> Option<Self> {
        let begun = removals.0.lock().unwrap_or_else(PoisonError::into_inner).insert(user);
        begun.then_some(Self { removals, user })
    }
}

impl Drop for Removal<'_> {
    fn drop(&mut self) {
        self.removals.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user);
    }
}

fn listed(login: &VhostLogin, user: &BareJid) -> bool {
    user.node().is_some_and(|user| login.listed.contain(user))
}

fn told(
    action: &'static str,
    user: &str,
    server: &str,
    outcome: Result<(), AccountRefusal>,
) -> Result<(), AccountRefusal> {
    let why = outcome.as_ref().err().map(|refusal| Why::new(refusal.reason(), refusal));
    audit::account(action, user, server, why);
    outcome
}
