//! The rules for the claims of a token whose signature was found good.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Refusal, RequiredClaim};

/// Seconds since 1970 above which a date must have been meant in milliseconds: the year 5138, or March 1973.
const MILLISECONDS_FROM: f64 = 1e11;

pub(super) type Claims = Map<String, Value>;

/// What an issuer's tokens have to say, apart from the user.
#[derive(Debug, Clone)]
pub struct ClaimRules {
    /// One of these has to be in `aud`. Where none is configured, the token must not have an `aud` at all: RFC 7519 §4.1.3
    /// has tokens refused that were made for somebody else.
    pub audience: Vec<String>,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// The longest time from `iat` (or now) to `exp`.
    pub max_lifetime: Duration,
    /// What else has to be in the token.
    pub required: Vec<RequiredClaim>,
}

impl ClaimRules {
    /// `exp` is there and lies ahead. `now` is in seconds since 1970, as in all rules.
    pub(super) fn check_expiry(&self, claims: &Claims, now: f64) -> Result<(), Refusal> {
        let expires = expiry(claims)?;
        if expires >= MILLISECONDS_FROM {
            return Err(Refusal::ExpiryInMilliseconds);
        }
        if now >= expires + self.leeway.as_secs_f64() { Err(Refusal::TokenExpired) } else { Ok(()) }
    }

    /// `nbf` has passed, where there is one.
    pub(super) fn check_not_before(&self, claims: &Claims, now: f64) -> Result<(), Refusal> {
        let from = date(claims, "nbf", Refusal::NotBeforeMalformed)?;
        let ahead = from.is_some_and(|from| from > now + self.leeway.as_secs_f64());
        if ahead { Err(Refusal::NotYetValid) } else { Ok(()) }
    }

    /// `iat` has passed, where there is one.
    pub(super) fn check_issued(&self, claims: &Claims, now: f64) -> Result<(), Refusal> {
        let at = date(claims, "iat", Refusal::IssuedAtMalformed)?;
        let ahead = at.is_some_and(|at| at > now + self.leeway.as_secs_f64());
        if ahead { Err(Refusal::IssuedInFuture) } else { Ok(()) }
    }

    /// From `iat` to `exp` it is not too long.
    pub(super) fn check_lifetime(&self, claims: &Claims, now: f64) -> Result<(), Refusal> {
        let issued = date(claims, "iat", Refusal::IssuedAtMalformed)?.unwrap_or(now);
        let lifetime = expiry(claims)? - issued;
        let most = self.max_lifetime.as_secs_f64() + self.leeway.as_secs_f64();
        if lifetime > most { Err(Refusal::LifetimeTooLong) } else { Ok(()) }
    }

    /// The token was made for us.
    pub(super) fn check_audience(&self, claims: &Claims, _: f64) -> Result<(), Refusal> {
        let ours =
            |value: &Value| value.as_str().is_some_and(|name| self.audience.iter().any(|own| own == name));
        match claims.get("aud") {
            None if self.audience.is_empty() => Ok(()),
            None => Err(Refusal::AudienceMissing),
            Some(Value::Array(names)) if names.iter().any(ours) => Ok(()),
            Some(name) if ours(name) => Ok(()),
            Some(_) => Err(Refusal::AudienceMismatch),
        }
    }

    /// Whoever holds the token may use it. RFC 7800 and RFC 9449 bind one to a key.
    #[expect(clippy::unused_self, reason = "all rules have one form")]
    pub(super) fn check_confirmation(&self, claims: &Claims, _: f64) -> Result<(), Refusal> {
        if claims.contains_key("cnf") { Err(Refusal::ConfirmationRequired) } else { Ok(()) }
    }

    /// All of `required_claims` hold.
    pub(super) fn check_required(&self, claims: &Claims, _: f64) -> Result<(), Refusal> {
        self.required.iter().try_for_each(|required| required.check(claims))
    }
}

fn expiry(claims: &Claims) -> Result<f64, Refusal> {
    date(claims, "exp", Refusal::ExpiryMalformed)?.ok_or(Refusal::ExpiryMissing)
}

/// A `NumericDate` of RFC 7519 §2, in seconds.
fn date(claims: &Claims, name: &str, malformed: Refusal) -> Result<Option<f64>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => number.as_f64().filter(|at| *at >= 0.0).map(Some).ok_or(malformed),
        Some(_) => Err(malformed),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::authn::jwt::verifier::CLAIM_RULES;

    const NOW: f64 = 1_800_000_000.0;

    fn rules(audience: &[&str]) -> ClaimRules {
        ClaimRules {
            audience: audience.iter().map(ToString::to_string).collect(),
            leeway: Duration::from_secs(30),
            max_lifetime: Duration::from_hours(24),
            required: vec![],
        }
    }

    fn check(audience: &[&str], claims: &Value) -> Result<(), Refusal> {
        let (rules, claims) = (rules(audience), claims.as_object().unwrap());
        CLAIM_RULES.iter().try_for_each(|(_, check)| check(&rules, claims, NOW))
    }

    #[test]
    fn every_date_has_its_rule() {
        let now = 1_800_000_000_i64;
        for (claims, verdict) in [
            (json!({"exp": now + 60}), Ok(())),
            (json!({"exp": now + 60, "iat": now, "nbf": now}), Ok(())),
            (json!({"exp": 1_800_000_000.5}), Ok(())),
            (json!({"exp": now - 29}), Ok(())),
            (json!({"exp": now + 86_400, "iat": now}), Ok(())),
            (json!({}), Err(Refusal::ExpiryMissing)),
            (json!({"exp": "1900000000"}), Err(Refusal::ExpiryMalformed)),
            (json!({"exp": null}), Err(Refusal::ExpiryMalformed)),
            (json!({"exp": -1}), Err(Refusal::ExpiryMalformed)),
            (json!({"exp": now + 60, "nbf": "now"}), Err(Refusal::NotBeforeMalformed)),
            (json!({"exp": now + 60, "iat": [now]}), Err(Refusal::IssuedAtMalformed)),
            (json!({"exp": (now + 60) * 1000}), Err(Refusal::ExpiryInMilliseconds)),
            (json!({"exp": now - 30}), Err(Refusal::TokenExpired)),
            (json!({"exp": 0}), Err(Refusal::TokenExpired)),
            (json!({"exp": now + 60, "nbf": now + 31}), Err(Refusal::NotYetValid)),
            (json!({"exp": now + 60, "iat": now + 31}), Err(Refusal::IssuedInFuture)),
            (json!({"exp": now + 86_431}), Err(Refusal::LifetimeTooLong)),
            (json!({"exp": now + 60, "iat": now - 90_000}), Err(Refusal::LifetimeTooLong)),
        ] {
            assert_eq!(check(&[], &claims), verdict, "{claims}");
        }
    }

    #[test]
    fn an_audience_is_ours_or_refused() {
        let exp = 1_800_000_060;
        for (audience, claims, verdict) in [
            (&["xmpp"][..], json!({"exp": exp, "aud": "xmpp"}), Ok(())),
            (&["xmpp", "chat"], json!({"exp": exp, "aud": ["web", "chat"]}), Ok(())),
            (&["xmpp"], json!({"exp": exp}), Err(Refusal::AudienceMissing)),
            (&["xmpp"], json!({"exp": exp, "aud": "XMPP"}), Err(Refusal::AudienceMismatch)),
            (&["xmpp"], json!({"exp": exp, "aud": ["xmpp2", 7]}), Err(Refusal::AudienceMismatch)),
            (&["xmpp"], json!({"exp": exp, "aud": {"xmpp": 1}}), Err(Refusal::AudienceMismatch)),
            (&[], json!({"exp": exp, "aud": "web"}), Err(Refusal::AudienceMismatch)),
        ] {
            assert_eq!(check(audience, &claims), verdict, "{claims}");
        }
    }

    #[test]
    fn a_key_bound_token_is_refused() {
        let claims = json!({"exp": 1_800_000_060, "cnf": {"jkt": "x"}});
        assert_eq!(check(&[], &claims), Err(Refusal::ConfirmationRequired));
    }
}
