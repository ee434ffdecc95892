//! `[auth]`, and `[hosts."…".auth]` over it.

use serde::Deserialize;

use crate::login::UserExists;

/// How one vhost's users log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSettings {
    /// Who exists when ejabberd asks.
    pub user_exists: UserExists,
    /// Longer passwords are refused unread.
    pub token_max_bytes: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAuth {
    user_exists: Option<RawUserExists>,
    token_max_bytes: Option<usize>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawUserExists {
    Seen,
    All,
    None,
}

impl RawAuth {
    /// This section over `general`, over the defaults.
    pub(super) fn over(&self, general: &Self) -> AuthSettings {
        let user_exists = match self.user_exists.or(general.user_exists) {
            Some(RawUserExists::Seen) | None => UserExists::Seen,
            Some(RawUserExists::All) => UserExists::All,
            Some(RawUserExists::None) => UserExists::None,
        };
        AuthSettings {
            user_exists,
            token_max_bytes: self.token_max_bytes.or(general.token_max_bytes).unwrap_or(8192),
        }
    }
}
