//! `[auth]`, and `[hosts."…".auth]` over it.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::ConfigError;
use super::environment::from_text;
use super::users_file::UsersFile;
use crate::login::UserExists;
use crate::types::Vhost;

/// What a token can have: below, no JWT fits; above, no frame of ejabberd does.
const TOKEN_MAX_BYTES: RangeInclusive<usize> = 128..=65_535;

/// How one vhost's users log in.
#[derive(Debug)]
pub struct AuthSettings {
    /// Who exists when ejabberd asks.
    pub user_exists: UserExists,
    /// Users who exist whether or not they ever logged in.
    pub users_file: Option<UsersFile>,
    /// Whether ejabberd may make and remove accounts.
    pub provisioning: bool,
    /// Longer passwords are refused unread.
    pub token_max_bytes: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAuth {
    user_exists: Option<RawUserExists>,
    users_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "from_text")]
    provisioning: Option<bool>,
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
    pub(super) fn over(
        &self,
        general: &Self,
        section: &str,
        vhost: &Vhost,
        folder: &Path,
    ) -> Result<AuthSettings, ConfigError> {
        let user_exists = match self.user_exists.or(general.user_exists) {
            Some(RawUserExists::Seen) | None => UserExists::Seen,
            Some(RawUserExists::All) => UserExists::All,
            Some(RawUserExists::None) => UserExists::None,
        };
        let users_file = match (&self.users_file, &general.users_file) {
            (Some(file), _) => Some((format!("{section}.users_file"), file)),
            (None, Some(file)) => Some(("auth.users_file".to_owned(), file)),
            (None, None) => None,
        };
        let users_file = users_file.map(|(key, file)| UsersFile::open(&key, folder.join(file), vhost));
        let provisioning = self.provisioning.or(general.provisioning).unwrap_or(false);
        if provisioning && user_exists == UserExists::None {
            let problem = "needs user_exists = \"seen\" or \"all\": an account would be made and not exist";
            return Err(ConfigError::at(format!("{section}.provisioning"), problem));
        }
        let section = if self.token_max_bytes.is_some() { section } else { "auth" };
        let token_max_bytes = self.token_max_bytes.or(general.token_max_bytes).unwrap_or(8192);
        if !TOKEN_MAX_BYTES.contains(&token_max_bytes) {
            let (least, most) = TOKEN_MAX_BYTES.into_inner();
            return Err(ConfigError::at(
                format!("{section}.token_max_bytes"),
                format!("has to be from {least} to {most}"),
            ));
        }
        Ok(AuthSettings { user_exists, users_file: users_file.transpose()?, provisioning, token_max_bytes })
    }
}
