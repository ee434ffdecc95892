//! Why a login is refused.

use crate::authn::jwt::Refusal;

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
    /// More logins of the user failed within this minute than are told one by one.
    #[error(
        "above limits.logins_per_minute: further failed logins of this user are only counted until the minute is over"
    )]
    Rate,
}

impl LoginRefusal {
    /// The stable reason code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::VhostUnknown => "vhost_unknown",
            Self::UserMalformed => "user_malformed",
            Self::Token(refusal) => refusal.code(),
            Self::Rate => "login_rate",
        }
    }
}
