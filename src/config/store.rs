//! `[store]`: where files lie.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::ConfigError;
use super::environment::from_text;
use super::secrets::Given;
use crate::store::{S3Credentials, S3Location};
use crate::types::Secret;

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreSettings {
    /// A folder.
    Disk {
        /// Which one.
        path: PathBuf,
        /// Whether an upload is on the disk before it is answered.
        sync: bool,
    },
    /// A bucket.
    S3 {
        /// Which one.
        location: S3Location,
        /// Who asks.
        credentials: S3Credentials,
    },
}

/// Where files and the registry of users lie: in a folder (`kind = "disk"`) or in a bucket (`kind = "s3"`). All state is there. Several processes may share either.
/// An option of the other kind is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStore {
    /// Which of the two.
    ///
    /// Default: none, and it has to be given
    kind: Option<Kind>,
    /// Disk: the folder, which is made at the start where it is missing. While the service runs it is never made anew: where it is gone, because
    /// its volume is, no file is taken and none called missing until it is back.
    ///
    /// Default: none, and `kind = "disk"` needs it
    path: Option<PathBuf>,
    /// Disk: whether an upload is on the disk before it is answered. Without, a file is lost if the machine stops within the next half minute.
    ///
    /// Default: `true`
    #[serde(default, deserialize_with = "from_text")]
    sync: Option<bool>,
    /// S3: the bucket. It has to be there, and nobody else should write to it.
    ///
    /// Default: none, and `kind = "s3"` needs it
    bucket: Option<String>,
    /// S3: the region, which is signed. Most servers other than AWS take any.
    ///
    /// Default: `"us-east-1"`
    region: Option<String>,
    /// S3: the server, where it is not AWS: `"https://s3.example.org"`.
    ///
    /// Default: none, which means that of AWS in `region`
    endpoint: Option<String>,
    /// S3: what all names in the bucket begin with: `"chat/"`.
    ///
    /// Default: `""`
    prefix: Option<String>,
    /// S3: whether the bucket stands in the path and not in the server's name. `MinIO`, Garage and most others need it.
    ///
    /// Default: `false`
    #[serde(default, deserialize_with = "from_text")]
    path_style: Option<bool>,
    /// S3: who asks.
    ///
    /// Default: none, and `kind = "s3"` needs it
    access_key_id: Option<String>,
    /// S3: the secret that goes with it.
    ///
    /// Default: none, and `kind = "s3"` needs it, or the file
    secret_access_key: Option<SecretString>,
    /// S3: the same, from a file.
    ///
    /// Default: none
    secret_access_key_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// A folder.
    Disk,
    /// A bucket.
    S3,
}

impl StoreSettings {
    /// The `[store]` section of `file`, whatever else the file holds. No environment counts for it: that says where the service's own store is.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for the first thing that is missing, unknown or unusable.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        super::store_of(file)
    }
}

impl RawStore {
    pub(super) fn validate(self, folder: &Path) -> Result<StoreSettings, ConfigError> {
        match self.kind {
            Some(Kind::Disk) => self.disk(folder),
            Some(Kind::S3) => self.s3(folder),
            None => Err(ConfigError::at("store.kind", "is missing: \"disk\" or \"s3\"")),
        }
    }

    fn disk(self, folder: &Path) -> Result<StoreSettings, ConfigError> {
        refuse(
            "s3",
            &[
                ("bucket", self.bucket.is_some()),
                ("region", self.region.is_some()),
                ("endpoint", self.endpoint.is_some()),
                ("prefix", self.prefix.is_some()),
                ("path_style", self.path_style.is_some()),
                ("access_key_id", self.access_key_id.is_some()),
                ("secret_access_key", self.secret_access_key.is_some()),
                ("secret_access_key_file", self.secret_access_key_file.is_some()),
            ],
        )?;
        let path =
            self.path.ok_or_else(|| ConfigError::at("store.path", "is missing: the folder for the files"))?;
        Ok(StoreSettings::Disk { path: folder.join(path), sync: self.sync.unwrap_or(true) })
    }

    fn s3(self, folder: &Path) -> Result<StoreSettings, ConfigError> {
        refuse("disk", &[("path", self.path.is_some()), ("sync", self.sync.is_some())])?;
        let missing =
            |key: &str| ConfigError::at(format!("store.{key}"), "is missing, and kind = \"s3\" needs it");
        let secret = Given {
            key: "store.secret_access_key".to_owned(),
            value: self.secret_access_key.as_ref(),
            file: self.secret_access_key_file.as_ref(),
            folder,
            make: |bytes| Secret::new(bytes, 1),
        };
        let credentials = S3Credentials {
            access_key_id: self.access_key_id.clone().ok_or_else(|| missing("access_key_id"))?,
            secret_access_key: secret.one()?.ok_or_else(|| missing("secret_access_key"))?,
        };
        let location = S3Location {
            bucket: self.bucket.filter(|name| !name.is_empty()).ok_or_else(|| missing("bucket"))?,
            region: self.region.unwrap_or_else(|| "us-east-1".to_owned()),
            endpoint: self.endpoint.map(endpoint).transpose()?,
            prefix: self.prefix.unwrap_or_default(),
            path_style: self.path_style.unwrap_or(false),
        };
        Ok(StoreSettings::S3 { location, credentials })
    }
}

fn endpoint(text: String) -> Result<String, ConfigError> {
    let usable = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let has_userinfo = |url: &Url| !url.username().is_empty() || url.password().is_some();
    let url = Url::parse(&text);
    if url.as_ref().is_ok_and(has_userinfo) {
        let problem = "has a name or a password: take them out, credentials are access_key_id and secret_access_key_file";
        Err(ConfigError::at("store.endpoint", problem))
    } else if url.is_ok_and(usable) {
        Ok(text)
    } else {
        Err(ConfigError::at("store.endpoint", "is not a URL: write https://s3.example.org"))
    }
}

fn refuse(other: &str, keys: &[(&str, bool)]) -> Result<(), ConfigError> {
    match keys.iter().find(|(_, given)| *given) {
        Some((key, _)) => {
            Err(ConfigError::at(format!("store.{key}"), format!("belongs to kind = \"{other}\"")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_has_no_password_in_it() {
        assert_eq!(endpoint("https://s3.example.org".to_owned()).unwrap(), "https://s3.example.org");
        for wrong in ["https://me:pass@s3.example.org", "https://me@s3.example.org"] {
            let error = endpoint(wrong.to_owned()).unwrap_err().to_string();
            assert!(error.contains("store.endpoint: has a name or a password"), "{error}");
            assert!(!error.contains("pass@"), "{error}");
        }
    }
}
