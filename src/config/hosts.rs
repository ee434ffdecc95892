//! `[hosts."…"]`: the vhosts, and the issuers whose tokens their users log in with.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::auth::{AuthSettings, RawAuth};
use super::issuer::{IssuerSettings, RawIssuer};
use super::upload::{RawUpload, UploadSettings};
use super::{ConfigError, shared_issuers};
use crate::types::{Vhost, parse_vhost};

/// What the paths of the API begin with.
const API: &str = "/api/v1/";

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

/// A vhost: a section for each domain that ejabberd serves with us, at least one. Its users log in with the tokens of its issuers; `auth` and `upload` below it go before
/// the general sections of these names. Vhosts are in the file alone, since their names do not fit into environment variables.
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

pub(super) fn validate(
    hosts: BTreeMap<String, RawHost>,
    auth: &RawAuth,
    upload: &RawUpload,
    folder: &Path,
    notices: &mut Vec<String>,
) -> Result<Vec<HostSettings>, ConfigError> {
    if hosts.is_empty() {
        return Err(ConfigError::at(
            "hosts",
            "is missing: name at least one vhost, as [hosts.\"example.org\"]",
        ));
    }
    let names: Vec<_> = hosts.keys().cloned().collect();
    let validated = hosts.into_iter().map(|(name, host)| host.validate(&name, auth, upload, folder, notices));
    let mut validated = ConfigError::all(validated)?;
    if let Some(at) = repeated(&validated, |host| &host.vhost) {
        let problem = "was configured before, in another spelling";
        return Err(ConfigError::at(format!("hosts.{:?}", names[at]), problem));
    }
    check_apart(&validated)?;
    shared_issuers::tell_vhosts_apart(&mut validated, notices);
    Ok(validated)
}

impl RawHost {
    fn validate(
        self,
        name: &str,
        auth: &RawAuth,
        upload: &RawUpload,
        folder: &Path,
        notices: &mut Vec<String>,
    ) -> Result<HostSettings, ConfigError> {
        let section = format!("hosts.{name:?}");
        let vhost = parse_vhost(name).ok_or_else(|| ConfigError::at(&section, "is not a domain name"))?;
        let issuers = issuers(self.issuers, &section, folder, notices);
        let upload = self.upload.over(upload, &format!("{section}.upload"), &vhost, folder);
        let auth = self.auth.over(auth, &format!("{section}.auth"), &vhost, folder);
        let ((issuers, upload), auth) = ConfigError::both(ConfigError::both(issuers, upload), auth)?;
        Ok(HostSettings { vhost, auth, upload, issuers })
    }
}

fn issuers(
    issuers: Vec<RawIssuer>,
    section: &str,
    folder: &Path,
    notices: &mut Vec<String>,
) -> Result<Vec<IssuerSettings>, ConfigError> {
    if issuers.is_empty() {
        return Err(ConfigError::at(
            format!("{section}.issuers"),
            format!("is missing: nobody could log in; add [[{section}.issuers]] with issuer and secret_file"),
        ));
    }
    let validated = issuers.into_iter().enumerate();
    let validated =
        validated.map(|(at, raw)| raw.validate(&format!("{section}.issuers[{at}]"), folder, notices));
    let validated = ConfigError::all(validated)?;
    if let Some(at) = repeated(&validated, |issuer| &issuer.issuer) {
        let problem = "was named before in this vhost";
        return Err(ConfigError::at(format!("{section}.issuers[{at}].issuer"), problem));
    }
    Ok(validated)
}

/// The first one whose key another one before it has.
fn repeated<T, K: PartialEq>(all: &[T], key: impl Fn(&T) -> &K) -> Option<usize> {
    (1..all.len()).find(|&at| all[..at].iter().any(|other| key(other) == key(&all[at])))
}

/// Whoever may sign uploads, of whichever vhost, must not be able to sign logins.
fn check_apart(hosts: &[HostSettings]) -> Result<(), ConfigError> {
    let upload_secrets: Vec<_> = hosts.iter().flat_map(|host| host.upload.secrets()).collect();
    for host in hosts {
        for (at, issuer) in host.issuers.iter().enumerate() {
            if upload_secrets.iter().any(|secret| issuer.keys.set().holds_secret(secret)) {
                let key = format!("hosts.{:?}.issuers[{at}]", host.vhost.as_str());
                return Err(ConfigError::at(
                    key,
                    "has an upload secret as its key: logins need one of their own",
                ));
            }
        }
    }
    Ok(())
}

/// Below the API's paths nobody would find a file.
pub(super) fn check_apart_from_api(hosts: &[HostSettings]) -> Result<(), ConfigError> {
    let of_api = |path: &str| format!("{}/", path.trim_end_matches('/')).starts_with(API);
    for HostSettings { vhost, upload, .. } in hosts {
        let legacy = upload.legacy_prefixes.iter().map(|prefix| ("legacy_prefixes", prefix.as_str()));
        let mut all = std::iter::once(("public_url", upload.public_url.path())).chain(legacy);
        if let Some((key, _)) = all.find(|(_, path)| of_api(path)) {
            return Err(ConfigError::at(
                format!("hosts.{:?}, upload.{key}", vhost.as_str()),
                "lies where the API is (/api/v1): choose another path, or set listen.api = false",
            ));
        }
    }
    Ok(())
}
