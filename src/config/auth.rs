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

/// How users log in, and who exists.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAuth {
    /// Who exists when somebody writes to a user who is not there: for him ejabberd keeps messages, and for others it answers with an error.
    ///
    /// Default: `"seen"`
    user_exists: Option<RawUserExists>,
    /// A list of users who exist in any case: a localpart or bare JID a line, `#` for comments. Users of other vhosts are left out, so that several may share a
    /// file. It is read again when it changes.
    ///
    /// Default: none
    users_file: Option<PathBuf>,
    /// Whether ejabberd may make and remove accounts (`ejabberdctl register`, `unregister`, and what it lets clients ask for). A removed user loses
    /// his uploads and his entry in the registry. Off, because tokens alone say who is a user.
    ///
    /// Default: `false`
    #[serde(default, deserialize_with = "from_text")]
    provisioning: Option<bool>,
    /// Longer passwords are refused unread, from 128 to 65535. ejabberd's own limits have to let a token of this size through: its largest stanza before the login is
    /// one of them.
    ///
    /// Default: `8192`
    #[serde(default, deserialize_with = "from_text")]
    token_max_bytes: Option<usize>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawUserExists {
    /// Whoever logged in once, or was registered; it is remembered in the store.
    Seen,
    /// Everybody: messages are kept even for names that nobody has.
    All,
    /// Nobody but the users of `users_file`: what is sent to others while they are away is lost.
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
