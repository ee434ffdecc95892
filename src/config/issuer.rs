//! `[[hosts."…".issuers]]`: whose tokens log in, and what they have to say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigError;
use super::issuer_keys::{GivenKeys, KeySource};
use super::one_or_many::OneOrMany;
use super::required_claims::RawRequired;
use crate::authn::jwt::{ClaimName, RequiredClaim, TokenTypes};
use crate::authn::keys::{Algorithm, KeyKind};
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIssuer {
    issuer: String,
    audience: Option<OneOrMany<String>>,
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
        let keys = GivenKeys {
            secret: self.secret.as_ref().map(|secrets| secrets.as_slice().to_vec()),
            secret_file: self.secret_file,
            pem_file: self.pem_file,
            jwk_file: self.jwk_file,
            jwks_file: self.jwks_file,
        };
        let keys = keys.load(section, folder, algorithms.as_deref(), notices)?;
        let leeway = self.leeway.unwrap_or(Duration::from_secs(30));
        if leeway > MAX_LEEWAY {
            let problem = format!("is above {MAX_LEEWAY:?}: set the clocks right");
            return Err(ConfigError::at(key("leeway"), problem));
        }
        let required = self.required_claims.map(|required| required.validate(&key("required_claims")));
        let typ = self.typ.as_ref().map(|kinds| TokenTypes::only(kinds.as_slice())).transpose();
        let user_claim = self.user_claim.as_deref().unwrap_or("sub").parse();
        let admins = ADMIN_NAMES.map(str::to_owned);
        let allow = self.localparts.as_ref().map(OneOrMany::as_slice);
        let deny = self.deny_localparts.as_ref().map_or(&admins[..], OneOrMany::as_slice);
        let localparts = LocalpartRules::new(allow, deny).map_err(|invalid| {
            let name = if invalid.of_deny { "deny_localparts" } else { "localparts" };
            ConfigError::at(key(name), invalid)
        })?;
        let max_lifetime = self.max_lifetime.unwrap_or(Duration::from_hours(24));
        if max_lifetime.is_zero() || self.typ.as_ref().is_some_and(|kinds| kinds.as_slice().is_empty()) {
            let problem = "nobody could log in: max_lifetime is zero, or typ an empty list";
            return Err(ConfigError::at(section, problem));
        }
        Ok(IssuerSettings {
            types: typ.map_err(|never| ConfigError::at(key("typ"), never))?.unwrap_or_default(),
            user_claim: user_claim.map_err(|invalid| ConfigError::at(key("user_claim"), invalid))?,
            required_claims: required.transpose()?.unwrap_or_default(),
            localparts,
            full_jid_only: false,
            leeway,
            max_lifetime,
            issuer: self.issuer,
            audience: self.audience.map(OneOrMany::into_vec).unwrap_or_default(),
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
}
