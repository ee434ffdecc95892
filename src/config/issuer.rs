//! `[[hosts."…".issuers]]`: whose tokens log in, and what they have to say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use toml::{Table, Value};

use super::ConfigError;
use super::one_or_many::OneOrMany;
use super::secrets::Given;
use super::watched::WatchedFile;
use crate::authn::SharedSecret;
use crate::authn::jwt::{ClaimName, RequiredClaim, TokenTypes};
use crate::authn::keys::{Algorithm, KeyKind, KeySet, parse_jwk, parse_jwks, parse_pem};
use crate::policy::{ADMIN_NAMES, LocalpartRules};

/// More than clocks are apart; with it, expired tokens would log in.
const MAX_LEEWAY: Duration = Duration::from_mins(5);

/// `[[hosts."…".issuers]]`
#[derive(Debug)]
pub struct IssuerSettings {
    /// What `iss` has to equal.
    pub issuer: String,
    /// One of these has to be in `aud`.
    pub audience: Vec<String>,
    /// What `typ` has to be.
    pub types: TokenTypes,
    /// The claim that names the user.
    pub user_claim: ClaimName,
    /// What else has to be in a token.
    pub required_claims: Vec<RequiredClaim>,
    /// Whom it may vouch for.
    pub localparts: LocalpartRules,
    /// Whether a localpart alone does not tell the vhost.
    pub full_jid_only: bool,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// The longest life of a token.
    pub max_lifetime: Duration,
    /// What its keys may be for, where that is not left to them.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Its keys.
    pub keys: KeySource,
}

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIssuer {
    issuer: String,
    #[serde(default)]
    audience: Vec<String>,
    algorithms: Option<Vec<String>>,
    typ: Option<OneOrMany<String>>,
    user_claim: Option<String>,
    required_claims: Option<RawRequired>,
    localparts: Option<OneOrMany<String>>,
    deny_localparts: Option<OneOrMany<String>>,
    #[serde(default, with = "humantime_serde")]
    leeway: Option<Duration>,
    #[serde(default, with = "humantime_serde")]
    max_lifetime: Option<Duration>,
    secret: Option<OneOrMany<SecretString>>,
    secret_file: Option<PathBuf>,
    pem_file: Option<PathBuf>,
    jwk_file: Option<PathBuf>,
    jwks_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a list of claims, or a table of claims with their values")]
enum RawRequired {
    Names(Vec<String>),
    Values(Table),
}

impl RawIssuer {
    /// Sentences for the operator go to `notices`.
    pub(super) fn validate(
        self,
        section: &str,
        folder: &Path,
        notices: &mut Vec<String>,
    ) -> Result<IssuerSettings, ConfigError> {
        let key = |name: &str| format!("{section}.{name}");
        if self.issuer.is_empty() {
            return Err(ConfigError::at(key("issuer"), "is empty"));
        }
        let algorithms = self.algorithms(&key("algorithms"))?;
        let keys = self.keys(section, folder, algorithms.as_deref(), notices)?;
        let leeway = self.leeway.unwrap_or(Duration::from_secs(30));
        if leeway > MAX_LEEWAY {
            let problem = format!("is above {MAX_LEEWAY:?}: set the clocks right");
            return Err(ConfigError::at(key("leeway"), problem));
        }
        let typ = self.typ.map(|kinds| TokenTypes::only(kinds.as_slice())).transpose();
        let user_claim = self.user_claim.as_deref().unwrap_or("sub").parse();
        let allow = self.localparts.as_ref().map(OneOrMany::as_slice);
        let admins = ADMIN_NAMES.map(str::to_owned);
        let deny = self.deny_localparts.as_ref().map_or(&admins[..], OneOrMany::as_slice);
        Ok(IssuerSettings {
            types: typ.map_err(|never| ConfigError::at(key("typ"), never))?.unwrap_or_default(),
            user_claim: user_claim.map_err(|invalid| ConfigError::at(key("user_claim"), invalid))?,
            required_claims: required(self.required_claims, &key("required_claims"))?,
            localparts: LocalpartRules::new(allow, deny).map_err(|invalid| {
                ConfigError::at(key("localparts"), format!("or deny_localparts: {invalid}"))
            })?,
            full_jid_only: false,
            leeway,
            max_lifetime: self.max_lifetime.unwrap_or(Duration::from_hours(24)),
            issuer: self.issuer,
            audience: self.audience,
            algorithms,
            keys,
        })
    }

    fn algorithms(&self, key: &str) -> Result<Option<Vec<Algorithm>>, ConfigError> {
        let Some(names) = &self.algorithms else { return Ok(None) };
        let known = || Algorithm::ALL.map(Algorithm::name).join(", ");
        let parse = |name: &String| {
            let unknown = || ConfigError::at(key, format!("{name:?} is not one of {}", known()));
            Algorithm::from_name(name).ok_or_else(unknown)
        };
        let algorithms: Vec<_> = names.iter().map(parse).collect::<Result<_, _>>()?;
        let shared = algorithms.iter().filter(|algorithm| algorithm.kind() == KeyKind::Hmac).count();
        if shared != 0 && shared != algorithms.len() {
            let problem =
                "mixes those of shared secrets (HS…) with those of public keys: make it two issuers";
            return Err(ConfigError::at(key, problem));
        }
        Ok(Some(algorithms))
    }

    fn keys(
        &self,
        section: &str,
        folder: &Path,
        algorithms: Option<&[Algorithm]>,
        notices: &mut Vec<String>,
    ) -> Result<KeySource, ConfigError> {
        let secret = self.secret.is_some() || self.secret_file.is_some();
        let given = [secret, self.pem_file.is_some(), self.jwk_file.is_some(), self.jwks_file.is_some()];
        if given.iter().filter(|given| **given).count() != 1 {
            let problem = "set exactly one of secret, secret_file, pem_file, jwk_file and jwks_file";
            return Err(ConfigError::at(section, problem));
        }
        let file = |name: &str, file: &PathBuf| (format!("{section}.{name}"), folder.join(file));
        if let Some(path) = &self.pem_file {
            let (key, path) = file("pem_file", path);
            let keys = parse_pem(&WatchedFile::new(path).read(&key)?, algorithms);
            return Ok(KeySource::File(KeySet::new(keys.map_err(|fault| ConfigError::at(key, fault))?)));
        }
        if let Some(path) = &self.jwk_file {
            let (key, path) = file("jwk_file", path);
            let keys = parse_jwk(&WatchedFile::new(path).read(&key)?, algorithms);
            return Ok(KeySource::File(KeySet::new(keys.map_err(|fault| ConfigError::at(key, fault))?)));
        }
        if let Some(path) = &self.jwks_file {
            let (key, path) = file("jwks_file", path);
            return key_set(&key, WatchedFile::new(path), algorithms, notices);
        }
        self.secrets(section, folder, algorithms)
    }

    fn secrets(
        &self,
        section: &str,
        folder: &Path,
        algorithms: Option<&[Algorithm]>,
    ) -> Result<KeySource, ConfigError> {
        let key = format!("{section}.secret");
        let value = self.secret.as_ref().map(|secrets| secrets.as_slice().to_vec());
        let (value, file) = (value.as_ref(), self.secret_file.as_ref());
        let given = Given { key: key.clone(), value, file, folder, make: SharedSecret::new }.list()?;
        let secrets = given.unwrap_or_default();
        let keys = secrets.iter().map(|secret| secret.keys(algorithms)).collect::<Result<Vec<_>, _>>();
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
    let skipped = parsed.skipped.iter().map(|skipped| format!("{key}: {skipped}, and is not used"));
    if parsed.keys.is_empty() {
        let why: Vec<_> = parsed.skipped.iter().map(ToString::to_string).collect();
        return Err(ConfigError::at(key, format!("holds no usable key; {}", why.join("; "))));
    }
    notices.extend(skipped);
    Ok(KeySource::Watched(file, parsed.keys))
}

fn required(raw: Option<RawRequired>, key: &str) -> Result<Vec<RequiredClaim>, ConfigError> {
    let wanted: Vec<(String, Option<Value>)> = match raw {
        None => Vec::new(),
        Some(RawRequired::Names(names)) => names.into_iter().map(|name| (name, None)).collect(),
        Some(RawRequired::Values(table)) => {
            table.into_iter().map(|(name, value)| (name, Some(value))).collect()
        }
    };
    let claim = |(name, value): (String, Option<Value>)| {
        let claim = name.parse().map_err(|invalid| ConfigError::at(format!("{key}.{name:?}"), invalid))?;
        let values = value.map(|value| match value {
            Value::Array(values) => values,
            value => vec![value],
        });
        let values = values.map(|values| values.into_iter().map(json).collect::<Option<Vec<_>>>());
        let unusable = || {
            ConfigError::at(
                format!("{key}.{name:?}"),
                "has to be text, a number, true or false, or a list of those",
            )
        };
        let values = values.map(|values| values.ok_or_else(unusable)).transpose()?;
        Ok(RequiredClaim { claim, values })
    };
    wanted.into_iter().map(claim).collect()
}

fn json(value: Value) -> Option<serde_json::Value> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Integer(number) => Some(number.into()),
        Value::Float(number) => Some(number.into()),
        Value::Boolean(value) => Some(value.into()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
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
