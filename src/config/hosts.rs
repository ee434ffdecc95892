//! `[hosts."…"]`: the vhosts, and the issuers whose tokens their users log in with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigError;
use super::auth::{AuthSettings, RawAuth};
use super::secrets::Given;
use super::upload::{RawUpload, UploadSettings};
use crate::authn::Algorithm;
use crate::types::{Secret, Vhost, parse_vhost};

/// `[hosts."…"]`
#[derive(Debug)]
pub struct HostSettings {
    /// Its name.
    pub vhost: Vhost,
    /// How its users log in.
    pub auth: AuthSettings,
    /// How its files are taken.
    pub upload: UploadSettings,
    /// Who vouches for its users.
    pub issuers: Vec<IssuerSettings>,
}

/// `[[hosts."…".issuers]]`
#[derive(Debug)]
pub struct IssuerSettings {
    /// What `iss` has to equal.
    pub issuer: String,
    /// One of these has to be in `aud`.
    pub audience: Vec<String>,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// The longest life of a token.
    pub max_lifetime: Duration,
    /// Shared with the issuer.
    pub secret: Secret,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHost {
    #[serde(default)]
    auth: RawAuth,
    #[serde(default)]
    upload: RawUpload,
    #[serde(default)]
    issuers: Vec<RawIssuer>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIssuer {
    issuer: String,
    #[serde(default)]
    audience: Vec<String>,
    #[serde(default, with = "humantime_serde")]
    leeway: Option<Duration>,
    #[serde(default, with = "humantime_serde")]
    max_lifetime: Option<Duration>,
    secret: Option<SecretString>,
    secret_file: Option<PathBuf>,
}

pub(super) fn validate(
    hosts: BTreeMap<String, RawHost>,
    auth: &RawAuth,
    upload: &RawUpload,
    folder: &Path,
) -> Result<Vec<HostSettings>, ConfigError> {
    if hosts.is_empty() {
        return Err(ConfigError::at(
            "hosts",
            "is missing: name at least one vhost, as [hosts.\"example.org\"]",
        ));
    }
    let mut validated: Vec<HostSettings> = Vec::new();
    for (name, host) in hosts {
        let host = host.validate(&name, auth, upload, folder)?;
        if validated.iter().any(|other| other.vhost == host.vhost) {
            return Err(ConfigError::at(
                format!("hosts.{name:?}"),
                "was configured before, in another spelling",
            ));
        }
        validated.push(host);
    }
    Ok(validated)
}

impl RawHost {
    fn validate(
        self,
        name: &str,
        auth: &RawAuth,
        upload: &RawUpload,
        folder: &Path,
    ) -> Result<HostSettings, ConfigError> {
        let section = format!("hosts.{name:?}");
        let vhost = parse_vhost(name).ok_or_else(|| ConfigError::at(&section, "is not a domain name"))?;
        let upload = self.upload.over(upload, &format!("{section}.upload"), &vhost, folder)?;
        if self.issuers.is_empty() {
            return Err(ConfigError::at(
                format!("{section}.issuers"),
                format!(
                    "is missing: nobody could log in; add [[{section}.issuers]] with issuer and secret_file"
                ),
            ));
        }
        let issuers = self.issuers.iter().enumerate();
        let issuers: Vec<_> = issuers
            .map(|(at, raw)| raw.validate(&format!("{section}.issuers[{at}]"), folder))
            .collect::<Result<_, _>>()?;
        check_apart(&section, &issuers, &upload)?;
        Ok(HostSettings { vhost, auth: self.auth.over(auth), upload, issuers })
    }
}

impl RawIssuer {
    fn validate(&self, section: &str, folder: &Path) -> Result<IssuerSettings, ConfigError> {
        if self.issuer.is_empty() {
            return Err(ConfigError::at(format!("{section}.issuer"), "is empty"));
        }
        let key = format!("{section}.secret");
        let (value, file) = (self.secret.as_ref(), self.secret_file.as_ref());
        let min_bytes = Algorithm::Hs256.min_key_bytes();
        let secret = Given { key: key.clone(), value, file, folder, min_bytes }.one()?;
        Ok(IssuerSettings {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            leeway: self.leeway.unwrap_or(Duration::from_secs(30)),
            max_lifetime: self.max_lifetime.unwrap_or(Duration::from_hours(24)),
            secret: secret
                .ok_or_else(|| ConfigError::at(key, "is missing: give it here or as secret_file"))?,
        })
    }
}

/// An issuer has one name, and whoever may sign uploads must not be able to sign logins.
fn check_apart(
    section: &str,
    issuers: &[IssuerSettings],
    upload: &UploadSettings,
) -> Result<(), ConfigError> {
    for (at, one) in issuers.iter().enumerate() {
        let section = format!("{section}.issuers[{at}]");
        if issuers[..at].iter().any(|other| other.issuer == one.issuer) {
            return Err(ConfigError::at(format!("{section}.issuer"), "was named before in this vhost"));
        }
        let mut upload_secrets = std::iter::once(&upload.signing_secret).chain(&upload.retired_secrets);
        if upload_secrets.any(|secret| secret.bytes() == one.secret.bytes()) {
            return Err(ConfigError::at(
                format!("{section}.secret"),
                "is an upload secret too: logins need one of their own",
            ));
        }
    }
    Ok(())
}
