//! Whose token it is.

use serde_json::Value;

use super::claim_name::ClaimName;
use super::claims::Claims;
use super::refusal::Refusal;
use crate::policy::LocalpartRules;
use crate::types::{BareJid, Localpart, LocalpartFault, Vhost, as_ejabberd_writes};

/// How an issuer's tokens name their user.
#[derive(Debug, Clone)]
pub struct UserRules {
    /// The claim that holds a bare JID of the vhost, or a localpart.
    pub claim: ClaimName,
    /// Whom the issuer may vouch for.
    pub localparts: LocalpartRules,
    /// Whether a localpart alone does not tell the vhost, because others share the issuer and its audience.
    pub full_jid_only: bool,
}

impl UserRules {
    /// The user of `vhost` that the token names.
    pub(super) fn named(&self, claims: &Claims, vhost: &Vhost) -> Result<Localpart, Refusal> {
        let Some(Value::String(name)) = self.claim.find(claims) else {
            return Err(Refusal::UserClaimMissing);
        };
        let localpart = match name.rsplit_once('@') {
            None if self.full_jid_only => return Err(Refusal::FullJidRequired),
            None => name,
            Some((localpart, domain)) => {
                let jid = BareJid::new(name).map_err(|_| Refusal::UserClaimMalformed)?;
                if jid.domain() != vhost.as_ref() as &jid::DomainRef {
                    return Err(Refusal::VhostMismatch);
                }
                // A domain can fold like a localpart: `ⓔxample.org` is another one at the identity provider.
                if !domain.eq_ignore_ascii_case(vhost.as_str()) {
                    return Err(Refusal::UserClaimFolds);
                }
                localpart
            }
        };
        as_ejabberd_writes(localpart).map_err(|fault| match fault {
            LocalpartFault::Malformed => Refusal::UserClaimMalformed,
            LocalpartFault::Folds => Refusal::UserClaimFolds,
        })
    }

    /// The issuer may vouch for `user`.
    pub(super) fn check_localpart(&self, user: &Localpart) -> Result<(), Refusal> {
        if self.localparts.admit(user) { Ok(()) } else { Err(Refusal::LocalpartDenied) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::types::parse_vhost;

    fn rules(full_jid_only: bool) -> UserRules {
        let localparts = LocalpartRules::new(None, &["admin".to_owned()]).unwrap();
        UserRules { claim: "sub".parse().unwrap(), localparts, full_jid_only }
    }

    fn named(rules: &UserRules, claims: &Value) -> Result<String, Refusal> {
        let vhost = parse_vhost("example.org").unwrap();
        rules.named(claims.as_object().unwrap(), &vhost).map(|user| user.to_string())
    }

    #[test]
    fn a_user_is_a_localpart_or_a_jid_of_the_vhost() {
        let alice = Ok("alice".to_owned());
        for (subject, verdict) in [
            (json!("alice"), alice.clone()),
            (json!("Alice"), alice.clone()),
            (json!("alice@example.org"), alice.clone()),
            (json!("Alice@Example.ORG"), alice),
            (json!("al\u{131}ce"), Ok("al\u{131}ce".to_owned())),
            (json!("alice@example.com"), Err(Refusal::VhostMismatch)),
            (json!("alice@example.org/phone"), Err(Refusal::UserClaimMalformed)),
            (json!("alice@"), Err(Refusal::UserClaimMalformed)),
            (json!("@example.org"), Err(Refusal::UserClaimMalformed)),
            (json!("a b"), Err(Refusal::UserClaimMalformed)),
            (json!(""), Err(Refusal::UserClaimMalformed)),
            (json!("\u{ff41}lice"), Err(Refusal::UserClaimFolds)),
            (json!("\u{ff41}lice@example.org"), Err(Refusal::UserClaimFolds)),
            (json!("\u{212a}elvin"), Err(Refusal::UserClaimFolds)),
            (json!("stra\u{df}e"), Err(Refusal::UserClaimFolds)),
            (json!("\u{d7}\u{a9}"), Err(Refusal::UserClaimFolds)),
            (json!(7), Err(Refusal::UserClaimMissing)),
            (json!(null), Err(Refusal::UserClaimMissing)),
        ] {
            assert_eq!(named(&rules(false), &json!({ "sub": subject })), verdict, "{subject}");
        }
        assert_eq!(named(&rules(false), &Value::Object(Map::new())), Err(Refusal::UserClaimMissing));
    }

    #[test]
    fn a_shared_issuer_has_to_name_the_vhost() {
        assert_eq!(named(&rules(true), &json!({"sub": "alice"})), Err(Refusal::FullJidRequired));
        assert_eq!(named(&rules(true), &json!({"sub": "alice@example.org"})), Ok("alice".to_owned()));
        assert_eq!(named(&rules(true), &json!({"sub": "alice@example.com"})), Err(Refusal::VhostMismatch));
    }

    #[test]
    fn another_claim_can_name_the_user() {
        let rules = UserRules { claim: "/profile/name".parse().unwrap(), ..rules(false) };
        let claims = json!({"sub": "bob", "profile": {"name": "alice"}});
        assert_eq!(named(&rules, &claims), Ok("alice".to_owned()));
    }

    #[test]
    fn the_issuer_has_to_be_allowed_to_vouch() {
        let user = |name| Localpart::new(name).unwrap().into_owned();
        assert_eq!(rules(false).check_localpart(&user("alice")), Ok(()));
        assert_eq!(rules(false).check_localpart(&user("admin")), Err(Refusal::LocalpartDenied));
    }
}
