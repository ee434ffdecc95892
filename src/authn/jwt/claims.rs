//! The rules for the claims of a token whose signature was found good.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Refusal;
use crate::types::{BareJid, Localpart, Vhost, as_ejabberd_writes};

/// Seconds since 1970 above which a date must have been meant in milliseconds: the year 5138, or March 1973.
const MILLISECONDS_FROM: f64 = 1e11;

/// What an issuer's tokens have to say.
#[derive(Debug, Clone)]
pub struct ClaimRules {
    /// One of these has to be in `aud`. Where none is configured, the token must not have an `aud` at all: RFC 7519 §4.1.3
    /// has tokens refused that were made for somebody else.
    pub audience: Vec<String>,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// The longest time from `iat` (or now) to `exp`.
    pub max_lifetime: Duration,
}

impl ClaimRules {
    /// Applies all rules but those of the user. `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] of the first rule that does not hold.
    pub(super) fn check(&self, claims: &Map<String, Value>, now: f64) -> Result<(), Refusal> {
        self.check_dates(claims, now)?;
        self.check_audience(claims.get("aud"))?;
        if claims.contains_key("cnf") {
            return Err(Refusal::ConfirmationRequired);
        }
        Ok(())
    }

    fn check_dates(&self, claims: &Map<String, Value>, now: f64) -> Result<(), Refusal> {
        let leeway = self.leeway.as_secs_f64();
        let expires = date(claims, "exp")?.ok_or(Refusal::ExpiryMissing)?;
        let not_before = date(claims, "nbf")?;
        let issued = date(claims, "iat")?;
        if expires >= MILLISECONDS_FROM {
            return Err(Refusal::ExpiryInMilliseconds);
        }
        if now >= expires + leeway {
            return Err(Refusal::TokenExpired);
        }
        if not_before.is_some_and(|from| from > now + leeway) {
            return Err(Refusal::NotYetValid);
        }
        if issued.is_some_and(|at| at > now + leeway) {
            return Err(Refusal::IssuedInFuture);
        }
        if expires - issued.unwrap_or(now) > self.max_lifetime.as_secs_f64() + leeway {
            return Err(Refusal::LifetimeTooLong);
        }
        Ok(())
    }

    fn check_audience(&self, claim: Option<&Value>) -> Result<(), Refusal> {
        let ours =
            |value: &Value| value.as_str().is_some_and(|name| self.audience.iter().any(|own| own == name));
        match claim {
            None if self.audience.is_empty() => Ok(()),
            None => Err(Refusal::AudienceMissing),
            Some(Value::Array(names)) if names.iter().any(ours) => Ok(()),
            Some(name) if ours(name) => Ok(()),
            Some(_) => Err(Refusal::AudienceMismatch),
        }
    }
}

/// A `NumericDate` of RFC 7519 §2, in seconds.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            number.as_f64().filter(|at| *at >= 0.0).map(Some).ok_or(Refusal::DateMalformed)
        }
        Some(_) => Err(Refusal::DateMalformed),
    }
}

/// Checks that the token's `sub`, a bare JID of `vhost` or a localpart, is `user`.
pub(super) fn check_user(
    claims: &Map<String, Value>,
    user: &Localpart,
    vhost: &Vhost,
) -> Result<(), Refusal> {
    let Some(Value::String(subject)) = claims.get("sub") else { return Err(Refusal::SubjectMissing) };
    let named = match subject.rsplit_once('@') {
        None => subject,
        Some((localpart, _)) => {
            let jid = BareJid::new(subject).map_err(|_| Refusal::SubjectMalformed)?;
            if jid.domain() != vhost.as_ref() as &jid::DomainRef {
                return Err(Refusal::VhostMismatch);
            }
            localpart
        }
    };
    let named = as_ejabberd_writes(named).map_err(|_| Refusal::SubjectMalformed)?;
    if named == *user { Ok(()) } else { Err(Refusal::UserMismatch) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::types::parse_vhost;

    const NOW: f64 = 1_800_000_000.0;

    fn rules(audience: &[&str]) -> ClaimRules {
        ClaimRules {
            audience: audience.iter().map(ToString::to_string).collect(),
            leeway: Duration::from_secs(30),
            max_lifetime: Duration::from_hours(24),
        }
    }

    fn check(audience: &[&str], claims: &Value) -> Result<(), Refusal> {
        rules(audience).check(claims.as_object().unwrap(), NOW)
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
            (json!({"exp": "1900000000"}), Err(Refusal::DateMalformed)),
            (json!({"exp": null}), Err(Refusal::DateMalformed)),
            (json!({"exp": -1}), Err(Refusal::DateMalformed)),
            (json!({"exp": now + 60, "nbf": "now"}), Err(Refusal::DateMalformed)),
            (json!({"exp": now + 60, "iat": [now]}), Err(Refusal::DateMalformed)),
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

    #[test]
    fn the_subject_is_the_user_who_logs_in() {
        let alice = Localpart::new("alice").unwrap().into_owned();
        let vhost = parse_vhost("example.org").unwrap();
        for (subject, verdict) in [
            (json!("alice"), Ok(())),
            (json!("Alice"), Ok(())),
            (json!("alice@example.org"), Ok(())),
            (json!("Alice@Example.ORG"), Ok(())),
            (json!("bob"), Err(Refusal::UserMismatch)),
            (json!("bob@example.org"), Err(Refusal::UserMismatch)),
            (json!("alice@example.com"), Err(Refusal::VhostMismatch)),
            (json!("alice@example.org/phone"), Err(Refusal::SubjectMalformed)),
            (json!("al\u{131}ce"), Err(Refusal::UserMismatch)),
            (json!("\u{ff41}lice"), Err(Refusal::SubjectMalformed)),
            (json!("\u{ff41}lice@example.org"), Err(Refusal::SubjectMalformed)),
            (json!("alice@"), Err(Refusal::SubjectMalformed)),
            (json!("@example.org"), Err(Refusal::SubjectMalformed)),
            (json!(""), Err(Refusal::SubjectMalformed)),
            (json!(7), Err(Refusal::SubjectMissing)),
            (json!(null), Err(Refusal::SubjectMissing)),
        ] {
            let claims = json!({ "sub": subject });
            assert_eq!(check_user(claims.as_object().unwrap(), &alice, &vhost), verdict, "{claims}");
        }
        assert_eq!(check_user(&Map::new(), &alice, &vhost), Err(Refusal::SubjectMissing));
    }
}
