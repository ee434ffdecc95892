//! Secrets that are given as exactly one of value (`x`) and file (`x_file`).

use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

use super::ConfigError;

/// What stands in a configuration under `key` and `key_file`.
pub(super) struct Given<'given, Value, Made, Unusable> {
    pub(super) key: String,
    pub(super) value: Option<&'given Value>,
    pub(super) file: Option<&'given PathBuf>,
    /// Where a relative file starts.
    pub(super) folder: &'given Path,
    /// Makes a secret of its bytes, if they can be used.
    pub(super) make: fn(Vec<u8>) -> Result<Made, Unusable>,
}

impl<Value, Made, Unusable: Display> Given<'_, Value, Made, Unusable> {
    fn file_text(&self) -> Result<Option<(String, SecretString)>, ConfigError> {
        let key = &self.key;
        let Some(file) = self.file else { return Ok(None) };
        if self.value.is_some() {
            return Err(ConfigError::at(key, format!("set either {key} or {key}_file, not both")));
        }
        let file = self.folder.join(file);
        let text = fs::read_to_string(&file).map_err(|error| {
            ConfigError::at(format!("{key}_file"), format!("{}: {error}", file.display()))
        })?;
        Ok(Some((format!("{key}_file"), text.into())))
    }

    fn made(&self, key: &str, text: &str) -> Result<Made, ConfigError> {
        (self.make)(text.as_bytes().to_vec()).map_err(|unusable| ConfigError::at(key, unusable))
    }
}

impl<Made, Unusable: Display> Given<'_, SecretString, Made, Unusable> {
    /// The secret, or `None` where neither was given.
    pub(super) fn one(&self) -> Result<Option<Made>, ConfigError> {
        if let Some((key, text)) = self.file_text()? {
            return self.made(&key, text.expose_secret().trim()).map(Some);
        }
        self.value.map(|value| self.made(&self.key, value.expose_secret())).transpose()
    }
}

impl<Made, Unusable: Display> Given<'_, Vec<SecretString>, Made, Unusable> {
    /// The secrets, at least one, in a file one a line; `None` where neither was given.
    pub(super) fn list(&self) -> Result<Option<Vec<Made>>, ConfigError> {
        let (key, secrets) = if let Some((key, text)) = self.file_text()? {
            let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
            let secrets = lines.map(|line| self.made(&key, line)).collect::<Result<Vec<_>, _>>()?;
            (key, secrets)
        } else {
            let Some(values) = self.value else { return Ok(None) };
            let secrets = values.iter().map(|value| self.made(&self.key, value.expose_secret()));
            (self.key.clone(), secrets.collect::<Result<Vec<_>, _>>()?)
        };
        if secrets.is_empty() {
            return Err(ConfigError::at(key, "holds no secret"));
        }
        Ok(Some(secrets))
    }
}

/// Makes a secret of 32 random bytes in `file`, readable by its owner alone, unless there is one. Answers whether it did.
pub(super) fn make_file(file: &Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(mut made) => {
            let text = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
            writeln!(made, "{text}")?;
            made.sync_all()?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}
