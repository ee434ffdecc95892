//! `[listen.tls]`: the certificate of the public listener.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::ConfigError;
use super::watched::WatchedFile;
use crate::authn::keys::certificate_expires;
use crate::http::Identity;

const CERT: &str = "listen.tls.cert";
const KEY: &str = "listen.tls.key";

/// Two PEM files, unopened: who signs URLs or mints tokens needs no certificate, and its key is not everybody's.
#[derive(Debug)]
pub struct TlsSettings {
    cert: PathBuf,
    key: PathBuf,
}

/// Both files, and what they held when they were opened.
#[derive(Debug)]
pub struct TlsPair {
    cert: WatchedFile,
    key: WatchedFile,
    identity: Identity,
}

/// The certificate of the public listener. Without it that one speaks plain HTTP, for a reverse proxy. Both files are read again when they change: a
/// new pair counts as soon as both fit together, and until then the old one stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    /// The certificate with its chain, in PEM.
    ///
    /// Default: none
    cert: Option<PathBuf>,
    /// Its private key, in PEM.
    ///
    /// Default: none
    key: Option<PathBuf>,
}

impl RawTls {
    pub(super) fn validate(self, folder: &Path) -> Result<Option<TlsSettings>, ConfigError> {
        let missing = |key| Err(ConfigError::at(key, "is missing: a certificate and its key go together"));
        match (self.cert, self.key) {
            (Some(cert), Some(key)) => {
                Ok(Some(TlsSettings { cert: folder.join(cert), key: folder.join(key) }))
            }
            (Some(_), None) => missing(KEY),
            (None, Some(_)) => missing(CERT),
            (None, None) => Ok(None),
        }
    }
}

impl TlsSettings {
    /// Reads both.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] where one cannot be read, or they are no certificate and its key.
    pub fn open(self) -> Result<TlsPair, ConfigError> {
        let (mut cert, mut key) = (WatchedFile::new(self.cert), WatchedFile::new(self.key));
        let identity = pair(&cert.read(CERT)?, &key.read(KEY)?)?;
        Ok(TlsPair { cert, key, identity })
    }
}

impl TlsPair {
    /// The pair that was there at first.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// When the certificate expires.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        certificate_expires(self.cert.held()?)
    }

    /// Where the certificate and its key are.
    #[must_use]
    pub fn paths(&self) -> [&Path; 2] {
        [self.cert.path(), self.key.path()]
    }

    /// The pair that the files hold now, or what is wrong with it, if one of them changed. Two files are not exchanged at once: a
    /// certificate whose key is still to come is such a problem, and the key is a change of its own.
    pub fn changed(&mut self) -> Option<Result<Identity, ConfigError>> {
        let changed = [self.cert.changed(), self.key.changed()];
        changed.iter().any(Option::is_some).then(|| {
            let unreadable = |key| ConfigError::at(key, "cannot be read");
            let cert = self.cert.held().ok_or_else(|| unreadable(CERT))?;
            let key = self.key.held().ok_or_else(|| unreadable(KEY))?;
            pair(cert, key)
        })
    }
}

fn pair(cert: &[u8], key: &[u8]) -> Result<Identity, ConfigError> {
    Identity::from_pem(cert, key).map_err(|problem| {
        let place = if problem.is_of_key() { KEY } else { CERT };
        ConfigError::at(place, problem)
    })
}
