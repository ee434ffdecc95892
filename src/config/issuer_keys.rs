//! An issuer's keys, from the one place that is given for them.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::ConfigError;
use super::secrets::Given;
use super::watched::{WatchedFile, read_small};
use crate::authn::SharedSecret;
use crate::authn::keys::{Algorithm, KeySet, parse_jwk, parse_jwks, parse_pem};

/// Where an issuer's keys come from, and those which were there at the start.
#[derive(Debug)]
pub enum KeySource {
    /// Shared secrets: the first signs, all verify.
    Secrets(Vec<SharedSecret>, KeySet),
    /// A file that stays as it is.
    File(KeySet),
    /// A key set, which is read again when it changes.
    Watched(WatchedFile, KeySet),
}

impl KeySource {
    /// The keys that were there at the start, and the file to watch for others.
    #[must_use]
    pub fn into_parts(self) -> (KeySet, Option<WatchedFile>) {
        match self {
            Self::Secrets(_, keys) | Self::File(keys) => (keys, None),
            Self::Watched(file, keys) => (keys, Some(file)),
        }
    }

    /// The keys that were there at the start.
    #[must_use]
    pub fn set(&self) -> &KeySet {
        match self {
            Self::Secrets(_, keys) | Self::File(keys) | Self::Watched(_, keys) => keys,
        }
    }

    /// The shared secrets that are written down as such; none for keys in a file.
    #[must_use]
    pub fn secrets(&self) -> &[SharedSecret] {
        match self {
            Self::Secrets(secrets, _) => secrets,
            Self::File(_) | Self::Watched(..) => &[],
        }
    }
}

/// What stands in the configuration.
pub(super) struct GivenKeys {
    pub(super) secret: Option<Vec<SecretString>>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) pem_file: Option<PathBuf>,
    pub(super) jwk_file: Option<PathBuf>,
    pub(super) jwks_file: Option<PathBuf>,
}

impl GivenKeys {
    /// Reads the keys of the issuer in `section`. Sentences for the operator go to `notices`.
    pub(super) fn load(
        &self,
        section: &str,
        folder: &Path,
        algorithms: Option<&[Algorithm]>,
        notices: &mut Vec<String>,
    ) -> Result<KeySource, ConfigError> {
        let secret = self.secret.is_some() || self.secret_file.is_some();
        match (secret, &self.pem_file, &self.jwk_file, &self.jwks_file) {
            (true, None, None, None) => self.secrets(section, folder, algorithms),
            (false, Some(file), None, None) => {
                let key = format!("{section}.pem_file");
                let keys = parse_pem(&read_small(&folder.join(file), &key)?, algorithms);
                Ok(KeySource::File(KeySet::new(keys.map_err(|fault| ConfigError::at(key, fault))?)))
            }
            (false, None, Some(file), None) => {
                let key = format!("{section}.jwk_file");
                let keys = parse_jwk(&read_small(&folder.join(file), &key)?, algorithms);
                Ok(KeySource::File(KeySet::new(keys.map_err(|fault| ConfigError::at(key, fault))?)))
            }
            (false, None, None, Some(file)) => {
                let key = format!("{section}.jwks_file");
                key_set(&key, WatchedFile::new(folder.join(file)), algorithms, notices)
            }
            _ => {
                let problem = "set exactly one of secret, secret_file, pem_file, jwk_file and jwks_file";
                Err(ConfigError::at(section, problem))
            }
        }
    }

    fn secrets(
        &self,
        section: &str,
        folder: &Path,
        algorithms: Option<&[Algorithm]>,
    ) -> Result<KeySource, ConfigError> {
        let key = format!("{section}.secret");
        let (value, file) = (self.secret.as_ref(), self.secret_file.as_ref());
        let given = Given { key: key.clone(), value, file, folder, make: SharedSecret::new }.list()?;
        let secrets = given.unwrap_or_default();
        let keys = secrets.iter().map(|secret| secret.keys(algorithms)).collect::<Result<Vec<_>, _>>();
        let key = if file.is_some() { format!("{key}_file") } else { key };
        let keys = keys.map_err(|fault| ConfigError::at(key, fault))?.into_iter().flatten().collect();
        Ok(KeySource::Secrets(secrets, KeySet::new(keys)))
    }
}

/// Some keys of the set may be of no use, but not all: nobody could log in.
fn key_set(
    key: &str,
    mut file: WatchedFile,
    algorithms: Option<&[Algorithm]>,
    notices: &mut Vec<String>,
) -> Result<KeySource, ConfigError> {
    let parsed = parse_jwks(&file.read(key)?, algorithms).map_err(|fault| ConfigError::at(key, fault))?;
    if parsed.keys.is_empty() {
        let why: Vec<_> = parsed.skipped.iter().map(ToString::to_string).collect();
        return Err(ConfigError::at(key, format!("holds no usable key; {}", why.join("; "))));
    }
    notices.extend(parsed.skipped.iter().map(|skipped| format!("{key}: {skipped}, and is not used")));
    Ok(KeySource::Watched(file, parsed.keys))
}
