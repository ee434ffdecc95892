//! `[store]`: where files lie.

use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::ConfigError;
use super::environment::from_text;
use super::secrets::Given;
use crate::store::{Downloads, S3Credentials, S3Limits, S3Location, has_authorities};
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
        /// How much at once.
        limits: S3Limits,
        /// Who hands out what is in it.
        downloads: Downloads,
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
    /// S3: the server, where it is not AWS: `"https://s3.example.org"`. It is believed if one of the machine's certificate authorities knows it; `SSL_CERT_FILE` in the
    /// environment names a file with others.
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
    /// Default: none, which means whom the AWS SDK finds: in the environment (`AWS_ACCESS_KEY_ID`), the shared files (`~/.aws`), by web identity, at the container or the machine
    access_key_id: Option<String>,
    /// S3: the secret that goes with it.
    ///
    /// Default: none, and `access_key_id` needs it, or the file
    secret_access_key: Option<SecretString>,
    /// S3: the same, from a file.
    ///
    /// Default: none
    secret_access_key_file: Option<PathBuf>,
    /// S3: who hands out files. `"proxy"`: this service, with all its headers. `"redirect"`: the store, to which clients are sent with a URL that is valid for a
    /// few minutes. For web clients the bucket then needs a CORS rule. Type and disposition are signed; the
    /// other headers that keep a file from running are the store's to send, and it sends none.
    ///
    /// Default: `"proxy"`
    download: Option<Download>,
    /// S3: with `download = "redirect"`, the server under the name by which clients reach it: `"https://files.example.org"`.
    ///
    /// Default: none, which means `endpoint`
    download_endpoint: Option<String>,
    /// S3: the most that the store takes in one request. What is larger goes in parts of this size, or of a ten thousandth. At least 5MiB, which is the smallest part.
    ///
    /// Default: `"5GiB"`
    single_put_max: Option<ByteSize>,
    /// S3: uploads and downloads that go on at once; further ones are answered with 503.
    ///
    /// Default: `2048`
    #[serde(default, deserialize_with = "from_text")]
    concurrency: Option<usize>,
}

/// Who hands out files that lie in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Download {
    /// This service.
    Proxy,
    /// The store, to which clients are sent.
    Redirect,
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
                ("download", self.download.is_some()),
                ("download_endpoint", self.download_endpoint.is_some()),
                ("single_put_max", self.single_put_max.is_some()),
                ("concurrency", self.concurrency.is_some()),
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
        let credentials = match (self.access_key_id.clone(), secret.one()?) {
            (Some(access_key_id), Some(secret_access_key)) => {
                S3Credentials::Key { access_key_id, secret_access_key }
            }
            (None, None) => S3Credentials::Found,
            (Some(_), None) => return Err(half("secret_access_key", "access_key_id")),
            (None, Some(_)) => return Err(half("access_key_id", "secret_access_key")),
        };
        let limits = self.limits()?;
        let downloads = self.downloads()?;
        let location = S3Location {
            bucket: self.bucket.filter(|name| !name.is_empty()).ok_or_else(|| missing("bucket"))?,
            region: self.region.unwrap_or_else(|| "us-east-1".to_owned()),
            endpoint: self.endpoint.map(|url| endpoint("store.endpoint", url)).transpose()?,
            prefix: self.prefix.unwrap_or_default(),
            path_style: self.path_style.unwrap_or(false),
        };
        if !is_plain(&location) && !has_authorities() {
            return Err(ConfigError::at("store.endpoint", NO_AUTHORITIES));
        }
        Ok(StoreSettings::S3 { location, credentials, limits, downloads })
    }

    fn downloads(&self) -> Result<Downloads, ConfigError> {
        let key = "store.download_endpoint";
        match (self.download, &self.download_endpoint) {
            (Some(Download::Redirect), url) => {
                let endpoint = url.clone().map(|url| endpoint(key, url)).transpose()?;
                Ok(Downloads::Redirect { endpoint })
            }
            (_, None) => Ok(Downloads::Proxy),
            (_, Some(_)) => Err(ConfigError::at(key, "belongs to download = \"redirect\"")),
        }
    }

    fn limits(&self) -> Result<S3Limits, ConfigError> {
        let defaults = S3Limits::default();
        let single_put_max = self.single_put_max.map_or(defaults.single_put_max, |size| size.as_u64());
        if !(SMALLEST_PART..=defaults.single_put_max).contains(&single_put_max) {
            return Err(ConfigError::at("store.single_put_max", "is not between 5MiB and 5GiB"));
        }
        let concurrency = self.concurrency.unwrap_or(defaults.concurrency);
        if !(1..=MOST_TRANSFERS).contains(&concurrency) {
            return Err(ConfigError::at("store.concurrency", "is not between 1 and 100000"));
        }
        Ok(S3Limits { single_put_max, concurrency })
    }
}

/// Stores take no smaller part of an upload, but for the last one.
const SMALLEST_PART: u64 = 5 << 20;

/// More connections than that no system has.
const MOST_TRANSFERS: usize = 100_000;

const NO_AUTHORITIES: &str = "is https, and this machine has no certificate authorities by which the server could be believed: install ca-certificates, or name a file with them in SSL_CERT_FILE";

/// Whether it is asked without TLS.
fn is_plain(location: &S3Location) -> bool {
    let url = location.endpoint.as_deref().and_then(|endpoint| Url::parse(endpoint).ok());
    url.is_some_and(|url| url.scheme() == "http")
}

fn half(missing: &str, given: &str) -> ConfigError {
    ConfigError::at(format!("store.{missing}"), format!("is missing, and store.{given} is given"))
}

fn endpoint(key: &str, text: String) -> Result<String, ConfigError> {
    let usable = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let has_userinfo = |url: &Url| !url.username().is_empty() || url.password().is_some();
    let url = Url::parse(&text);
    if url.as_ref().is_ok_and(has_userinfo) {
        let problem = "has a name or a password: take them out, credentials are access_key_id and secret_access_key_file";
        Err(ConfigError::at(key, problem))
    } else if url.is_ok_and(usable) {
        Ok(text)
    } else {
        Err(ConfigError::at(key, "is not a URL: write https://s3.example.org"))
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
        assert_eq!(
            endpoint("store.endpoint", "https://s3.example.org".to_owned()).unwrap(),
            "https://s3.example.org"
        );
        for wrong in ["https://me:pass@s3.example.org", "https://me@s3.example.org"] {
            let error = endpoint("store.endpoint", wrong.to_owned()).unwrap_err().to_string();
            assert!(error.contains("store.endpoint: has a name or a password"), "{error}");
            assert!(!error.contains("pass@"), "{error}");
        }
    }
}
