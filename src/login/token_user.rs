//! Who calls with a token alone, and no name beside it: the users of the API.

use super::{Failed, Login, LoginRefusal, VhostLogin};
use crate::authn::jwt::{Refusal, claimed_issuer};
use crate::telemetry::audit::{self, ApiCall, Why};
use crate::types::{BareJid, UserHash, Vhost};

/// A user who has shown a good token. Only [`Login::authenticate`] makes one: what asks for it cannot be reached without.
#[derive(Debug)]
pub struct TokenUser {
    vhost: Vhost,
    jid: BareJid,
}

impl TokenUser {
    #[cfg(test)]
    pub(crate) fn of(jid: &str) -> Self {
        let jid = BareJid::new(jid).unwrap();
        Self { vhost: jid.domain().to_owned(), jid }
    }

    /// His vhost. He is nobody at any other.
    #[must_use]
    pub fn vhost(&self) -> &Vhost {
        &self.vhost
    }

    /// Who he is.
    #[must_use]
    pub fn jid(&self) -> &BareJid {
        &self.jid
    }

    /// The folder of his files.
    #[must_use]
    pub fn hash(&self) -> UserHash {
        UserHash::from(&self.jid)
    }
}

impl Login {
    /// Finds out who shows `token` in `call` at `now`, seconds since 1970. It is judged as a password is, and makes its user exist as a
    /// login does. `vhost` says where, if the request does.
    ///
    /// # Errors
    ///
    /// [`LoginRefusal`], the reason why not, which is logged and counted. The caller learns nothing of it.
    pub fn authenticate(
        &self,
        token: &str,
        vhost: Option<&str>,
        call: ApiCall<'_>,
        now: f64,
    ) -> Result<TokenUser, LoginRefusal> {
        let place = self.place(token, vhost);
        let found =
            place.map_err(Failed::from).and_then(|(vhost, login)| self.user(vhost, login, token, now));
        found.map_err(|Failed { reason, issuer, key }| {
            let rate = self.failures.count(("api", call.client), now);
            let call = ApiCall { vhost: place.ok().map(|(vhost, _)| vhost), ..call };
            let why = Why::new(reason.reason(), &reason);
            audit::api_unauthenticated(call, issuer, key.as_deref(), why, rate);
            reason
        })
    }

    /// The vhost that the request names, or the only one whose users the token's issuer vouches for. It is never guessed.
    fn place(&self, token: &str, vhost: Option<&str>) -> Result<(&Vhost, &VhostLogin), LoginRefusal> {
        if let Some(name) = vhost {
            return self.vhost(name).ok_or(LoginRefusal::VhostUnknown);
        }
        let longest = self.vhosts.values().map(|login| login.verifier.token_max_bytes()).max();
        let issuer = claimed_issuer(token, longest.unwrap_or_default())?;
        let mut served = self.vhosts.iter().filter(|(_, login)| login.verifier.has_issuer(&issuer));
        match (served.next(), served.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err(LoginRefusal::VhostNeeded),
            (None, _) => Err(Refusal::IssuerUnknown.into()),
        }
    }

    fn user<'login>(
        &'login self,
        vhost: &Vhost,
        login: &'login VhostLogin,
        token: &str,
        now: f64,
    ) -> Result<TokenUser, Failed<'login>> {
        let (user, verified) = login.verifier.identify(token, now)?;
        let jid = BareJid::from_parts(Some(&user), vhost);
        self.registry.remember(&jid, verified.issuer);
        Ok(TokenUser { vhost: vhost.clone(), jid })
    }
}
