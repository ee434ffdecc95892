//! Why a login is refused.

use crate::authn::jwt::Refusal;

/// Why a login is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    /// The domain is not configured.
    #[error("this vhost has no section [hosts.…] in the configuration")]
    VhostUnknown,
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
    pub fn code(self) -> &'static str {
        match self {
            Self::VhostUnknown => "vhost_unknown",
            Self::UserMalformed => "user_malformed",
            Self::Token(refusal) => refusal.code(),
        }
    }
}
