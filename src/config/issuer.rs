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

/// Whose tokens log users in, one section for each issuer, and what they have to say. A token's `iss` decides which issuer's rules and keys count. Exactly
/// one of `secret`, `secret_file`, `pem_file`, `jwk_file` and `jwks_file` gives the keys. [logins.md](logins.md) has it in full.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIssuer {
    /// What a token's `iss` has to equal, byte for byte: mind the slash at the end.
    issuer: String,
    /// One of these has to be in a token's `aud`. Without any, a token must have no `aud` at all: it was made for somebody else.
    ///
    /// Default: `[]`
    audience: Option<OneOrMany<String>>,
    /// What the keys may be for, of `HS256`, `HS384`, `HS512`, `RS256`, `RS384`, `RS512`, `PS256`,
    /// `PS384`, `PS512`, `ES256`, `ES384` and `EdDSA`. A key decides its algorithm, and a token never does.
    ///
    /// Default: by the key: its own `alg`, else `HS256` for a secret, `RS256` for RSA, `ES256` for P-256, `ES384` for P-384, `EdDSA`
    /// for Ed25519
    algorithms: Option<Vec<String>>,
    /// The values that the header `typ` may have, as far as a token has one. `logout+jwt`, `dpop+jwt` and the like never log in.
    ///
    /// Default: none, `JWT` and `at+jwt`
    typ: Option<OneOrMany<String>>,
    /// The claim that names the user, by a localpart or by a bare JID of the vhost. A name that begins with a slash leads to a claim that lies deeper: `"/account/name"`.
    ///
    /// Default: `"sub"`
    user_claim: Option<String>,
    /// Claims that have to be there and not be `false`, as a list; or a table of claims with the values that they have to have. A list of values means any of them, and
    /// a claim that is a list, or `scope`, has to contain one: `{ typ = "Bearer", "/realm_access/roles" = "chat" }`.
    ///
    /// Default: `[]`
    required_claims: Option<RawRequired>,
    /// For whom the issuer may vouch: regular expressions, one of which has to match the whole localpart, in any case. Guests who register
    /// themselves are kept apart by `"guest-[a-z0-9]+"`.
    ///
    /// Default: none, which means everybody
    localparts: Option<OneOrMany<String>>,
    /// For whom it may not, also if it may by `localparts`. A list of your own replaces the default, and `[]` is for an issuer that you trust with administrators.
    ///
    /// Default: `["admin", "administrator", "ejabberd", "root"]`
    deny_localparts: Option<OneOrMany<String>>,
    /// How far clocks may be apart, five minutes at most.
    ///
    /// Default: `"30s"`
    #[serde(default, with = "humantime_serde")]
    leeway: Option<Duration>,
    /// The longest time from `iat`, or from now, to `exp`. A token cannot be taken back, so it should not live long.
    ///
    /// Default: `"24h"`
    #[serde(default, with = "humantime_serde")]
    max_lifetime: Option<Duration>,
    /// Shared secrets, of 32 bytes or more (48 for HS384, 64 for HS512). The first signs (`token mint`), all verify.
    ///
    /// Default: none
    secret: Option<OneOrMany<SecretString>>,
    /// The same, from a file: one a line.
    ///
    /// Default: none
    secret_file: Option<PathBuf>,
    /// Public keys or certificates in PEM, one or several. A certificate counts as the key in it, whatever its dates.
    ///
    /// Default: none
    pem_file: Option<PathBuf>,
    /// A key as a JSON Web Key, a public one or a secret.
    ///
    /// Default: none
    jwk_file: Option<PathBuf>,
    /// A JSON Web Key Set. It is read again when it changes, so that keys rotate without a restart; if it cannot be used as it is then, the keys from before stay in force.
    ///
    /// Default: none
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
