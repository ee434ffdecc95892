//! Logging in, as ejabberd asks it: is this the user's password, is there such a user?

mod seen;

use std::collections::HashMap;
use std::time::Instant;

use self::seen::SeenUsers;
use crate::authn::jwt::{Refusal, VhostVerifier};
use crate::telemetry::audit::{self, Why};
use crate::types::{BareJid, Localpart, Vhost, parse_vhost};

/// Who counts as an existing user, when ejabberd asks on behalf of somebody who writes to him.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserExists {
    /// Whoever logged in since the service started.
    Seen,
    /// Everybody.
    All,
    /// Nobody.
    None,
}

/// Why a login is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// The domain is not configured.
    #[error("this vhost has no section [hosts.…] in the configuration")]
    VhostUnknown,
    /// The user's name is not a localpart.
    #[error("the user's name is not a valid localpart")]
    UserMalformed,
    /// The token.
    #[error(transparent)]
    Token(#[from] Refusal),
}

impl LoginRefusal {
    /// The stable reason code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::VhostUnknown => "vhost_unknown",
            Self::UserMalformed => "user_malformed",
            Self::Token(refusal) => refusal.code(),
        }
    }
}

/// One vhost's way of logging in.
#[derive(Debug)]
pub struct VhostLogin {
    /// Verifies its users' tokens.
    pub verifier: VhostVerifier,
    /// Who exists.
    pub user_exists: UserExists,
}

/// Decides about logins, for all vhosts.
#[derive(Debug)]
pub struct Login {
    vhosts: HashMap<Vhost, VhostLogin>,
    seen: SeenUsers,
}

impl Login {
    /// Logins for `vhosts`.
    #[must_use]
    pub fn new(vhosts: impl IntoIterator<Item = VhostLogin>) -> Self {
        let vhosts = vhosts.into_iter().map(|login| (login.verifier.vhost().clone(), login)).collect();
        Self { vhosts, seen: SeenUsers::default() }
    }

    /// Decides whether `token` lets `user` of `server` in at `now` (seconds since 1970), and answers the issuer that vouches for the
    /// user. The decision is logged and counted.
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
    ) -> Result<&str, LoginRefusal> {
        let start = Instant::now();
        let vhost = self.vhost(server);
        let decision = match vhost {
            Some((vhost, login)) => self.check(vhost, login, user, token, now),
            None => Err(LoginRefusal::VhostUnknown),
        };
        let verdict = decision.as_deref().map_err(|refusal| Why { code: refusal.code(), text: refusal });
        audit::login(user, server, vhost.map(|(vhost, _)| vhost), verdict, start.elapsed());
        decision
    }

    fn check<'login>(
        &self,
        vhost: &Vhost,
        login: &'login VhostLogin,
        user: &str,
        token: &str,
        now: f64,
    ) -> Result<&'login str, LoginRefusal> {
        let user = Localpart::new(user).map_err(|_| LoginRefusal::UserMalformed)?.into_owned();
        let verified = login.verifier.verify(token, &user, now)?;
        self.seen.insert(BareJid::from_parts(Some(&user), vhost));
        Ok(verified.issuer)
    }

    /// Decides whether there is a `user` at `server`, from memory.
    #[must_use]
    pub fn user_exists(&self, user: &str, server: &str) -> bool {
        let Some((vhost, login)) = self.vhost(server) else { return false };
        let Ok(user) = Localpart::new(user) else { return false };
        match login.user_exists {
            UserExists::All => true,
            UserExists::None => false,
            UserExists::Seen => self.seen.contains(&BareJid::from_parts(Some(&user), vhost)),
        }
    }

    fn vhost(&self, server: &str) -> Option<(&Vhost, &VhostLogin)> {
        self.vhosts.get_key_value(&parse_vhost(server)?)
    }
}
