//! `[upload]`, and `[hosts."…".upload]` over it.

use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::ConfigError;
use super::secrets::Given;
use crate::types::{Secret, Vhost};

/// The fewest bytes of a secret that is shared with the XMPP server.
const SECRET_MIN_BYTES: usize = 16;

/// How one vhost's files are taken.
#[derive(Debug, Clone)]
pub struct UploadSettings {
    /// What clients put before a file's path; ejabberd's `put_url` and `get_url`.
    pub public_url: Url,
    /// Signs upload tokens.
    pub signing_secret: Secret,
    /// Verify too.
    pub retired_secrets: Vec<Secret>,
    /// The largest file, in bytes.
    pub max_size: u64,
}

impl UploadSettings {
    /// All secrets that verify.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.signing_secret).chain(&self.retired_secrets)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUpload {
    public_url: Option<String>,
    secrets: Option<Vec<SecretString>>,
    secrets_file: Option<PathBuf>,
    max_size: Option<ByteSize>,
}

impl RawUpload {
    /// `host`'s section over `general`, over the defaults.
    pub(super) fn over(
        &self,
        general: &Self,
        section: &str,
        host: &Vhost,
        folder: &Path,
    ) -> Result<UploadSettings, ConfigError> {
        let (at_url, url) = match (&self.public_url, &general.public_url) {
            (Some(own), _) => (format!("{section}.public_url"), own.as_str()),
            (None, Some(shared)) => ("upload.public_url".to_owned(), shared.as_str()),
            (None, None) => ("upload.public_url".to_owned(), "http://localhost:8080/upload/@HOST@"),
        };
        let own = self.secrets(&format!("{section}.secrets"), folder)?;
        let mut secrets = match own {
            Some(own) => own,
            None => general.secrets("upload.secrets", folder)?.ok_or_else(|| {
                ConfigError::at(
                    "upload.secrets",
                    "is missing: give the secret that ejabberd's mod_http_upload has as external_secret, here or in secrets_file",
                )
            })?,
        };
        let signing_secret = secrets.remove(0);
        let max_size = self.max_size.or(general.max_size).unwrap_or(ByteSize::mib(100)).as_u64();
        let public_url = public_url(&at_url, &url.replace("@HOST@", host.as_str()))?;
        Ok(UploadSettings { public_url, signing_secret, retired_secrets: secrets, max_size })
    }

    fn secrets(&self, key: &str, folder: &Path) -> Result<Option<Vec<Secret>>, ConfigError> {
        Given {
            key: key.to_owned(),
            value: self.secrets.as_ref(),
            file: self.secrets_file.as_ref(),
            folder,
            make: |bytes| Secret::new(bytes, SECRET_MIN_BYTES),
        }
        .list()
    }
}

fn public_url(key: &str, text: &str) -> Result<Url, ConfigError> {
    let problem = "has to be what clients reach, like https://upload.example.org/upload/@HOST@, without query or fragment";
    let url = Url::parse(text).map_err(|_| ConfigError::at(key, problem))?;
    let usable =
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if usable && url.username().is_empty() { Ok(url) } else { Err(ConfigError::at(key, problem)) }
}
