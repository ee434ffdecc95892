//! Why a login is refused.

use crate::authn::jwt::Refusal;
use crate::telemetry::reason::{LoginReason, Reason};

/// Why a login is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// The domain is not configured.
    #[error("this vhost has no section [hosts.…] in the configuration")]
    VhostUnknown,
    /// The issuer serves several domains, and the request says of none that it is meant.
    #[error("the token's issuer serves several vhosts, and the request names none (?vhost=)")]
    VhostNeeded,
    /// The user's name is not a localpart, or not as ejabberd prepares it.
    #[error("the user's name is not a localpart in its prepared form")]
    UserMalformed,
    /// The token.
    #[error(transparent)]
    Token(#[from] Refusal),
}

impl LoginRefusal {
    /// The stable reason code.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::VhostUnknown => LoginReason::VhostUnknown.into(),
            Self::VhostNeeded => LoginReason::VhostNeeded.into(),
            Self::UserMalformed => LoginReason::UserMalformed.into(),
            Self::Token(refusal) => refusal.into(),
        }
    }
}
