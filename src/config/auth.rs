//! `[auth]`, and `[hosts."…".auth]` over it.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::ConfigError;
use super::environment::from_text;
use crate::login::UserExists;

/// What a token can have: below, no JWT fits; above, no frame of ejabberd does.
const TOKEN_MAX_BYTES: RangeInclusive<usize> = 128..=65_535;

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
    #[serde(default, deserialize_with = "from_text")]
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
    pub(super) fn over(&self, general: &Self, section: &str) -> Result<AuthSettings, ConfigError> {
        let user_exists = match self.user_exists.or(general.user_exists) {
            Some(RawUserExists::Seen) | None => UserExists::Seen,
            Some(RawUserExists::All) => UserExists::All,
            Some(RawUserExists::None) => UserExists::None,
        };
        let section = if self.token_max_bytes.is_some() { section } else { "auth" };
        let token_max_bytes = self.token_max_bytes.or(general.token_max_bytes).unwrap_or(8192);
        if !TOKEN_MAX_BYTES.contains(&token_max_bytes) {
            let (least, most) = TOKEN_MAX_BYTES.into_inner();
            return Err(ConfigError::at(
                format!("{section}.token_max_bytes"),
                format!("has to be from {least} to {most}"),
            ));
        }
        Ok(AuthSettings { user_exists, token_max_bytes })
    }
}
