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
use crate::authn::SharedSecret;
use crate::types::{Secret, Vhost, parse_vhost};

/// More than clocks are apart; with it, expired tokens would log in.
const MAX_LEEWAY: Duration = Duration::from_mins(5);

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
    pub secret: SharedSecret,
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
    check_apart(&validated)?;
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
        for (at, one) in issuers.iter().enumerate() {
            if issuers[..at].iter().any(|other| other.issuer == one.issuer) {
                return Err(ConfigError::at(
                    format!("{section}.issuers[{at}].issuer"),
                    "was named before in this vhost",
                ));
            }
        }
        let auth = self.auth.over(auth, &format!("{section}.auth"))?;
        Ok(HostSettings { vhost, auth, upload, issuers })
    }
}

impl RawIssuer {
    fn validate(&self, section: &str, folder: &Path) -> Result<IssuerSettings, ConfigError> {
        if self.issuer.is_empty() {
            return Err(ConfigError::at(format!("{section}.issuer"), "is empty"));
        }
        let key = format!("{section}.secret");
        let (value, file) = (self.secret.as_ref(), self.secret_file.as_ref());
        let secret = Given { key: key.clone(), value, file, folder, make: SharedSecret::new }.one()?;
        let leeway = self.leeway.unwrap_or(Duration::from_secs(30));
        if leeway > MAX_LEEWAY {
            return Err(ConfigError::at(
                format!("{section}.leeway"),
                format!("is above {MAX_LEEWAY:?}: set the clocks right"),
            ));
        }
        Ok(IssuerSettings {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            leeway,
            max_lifetime: self.max_lifetime.unwrap_or(Duration::from_hours(24)),
            secret: secret
                .ok_or_else(|| ConfigError::at(key, "is missing: give it here or as secret_file"))?,
        })
    }
}

/// Whoever may sign uploads, of whichever vhost, must not be able to sign logins.
fn check_apart(hosts: &[HostSettings]) -> Result<(), ConfigError> {
    let upload_secrets = hosts.iter().flat_map(|host| host.upload.secrets());
    let upload_secrets: Vec<_> = upload_secrets.map(Secret::bytes).collect();
    for host in hosts {
        for (at, issuer) in host.issuers.iter().enumerate() {
            if upload_secrets.contains(&issuer.secret.bytes()) {
                let key = format!("hosts.{:?}.issuers[{at}].secret", host.vhost.as_str());
                return Err(ConfigError::at(key, "is an upload secret too: logins need one of their own"));
            }
        }
    }
    Ok(())
}
