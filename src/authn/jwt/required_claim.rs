//! Claims that an issuer's tokens must have beyond the registered ones.

use serde_json::Value;

use super::Refusal;
use super::claim_name::ClaimName;
use super::claims::Claims;

/// A claim that has to be there, perhaps with one of certain values.
#[derive(Debug, Clone, PartialEq)]
pub struct RequiredClaim {
    /// Which one.
    pub claim: ClaimName,
    /// The values it may have; `None` for any but null and false. A claim that is a list, or the space-separated `scope` of RFC 8693 §4.2,
    /// has to contain one of them.
    pub values: Option<Vec<Value>>,
}

impl RequiredClaim {
    pub(super) fn check(&self, claims: &Claims) -> Result<(), Refusal> {
        let found = self.claim.find(claims);
        let found = found.ok_or(Refusal::RequiredClaimMissing)?;
        let Some(values) = &self.values else {
            let nothing = matches!(found, Value::Null | Value::Bool(false));
            return if nothing { Err(Refusal::RequiredClaimMissing) } else { Ok(()) };
        };
        let good = match found {
            Value::Array(members) => members.iter().any(|member| values.contains(member)),
            Value::String(scopes) if self.claim.as_str() == "scope" => {
                scopes.split(' ').any(|scope| values.iter().any(|value| value == scope))
            }
            other => values.contains(other),
        };
        if good { Ok(()) } else { Err(Refusal::RequiredClaimMismatch) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(claim: &str, values: Option<Value>, claims: &Value) -> Result<(), Refusal> {
        let values = values.map(|values| values.as_array().unwrap().clone());
        let required = RequiredClaim { claim: claim.parse().unwrap(), values };
        required.check(claims.as_object().unwrap())
    }

    #[test]
    fn a_claim_is_there() {
        assert_eq!(check("email", None, &json!({"email": ""})), Ok(()));
        for nothing in [json!(null), json!(false)] {
            let missing = check("email", None, &json!({ "email": nothing }));
            assert_eq!(missing, Err(Refusal::RequiredClaimMissing), "{nothing}");
        }
        assert_eq!(check("email", None, &json!({})), Err(Refusal::RequiredClaimMissing));
    }

    #[test]
    fn a_claim_has_one_of_the_values() {
        let mismatch = Err(Refusal::RequiredClaimMismatch);
        let bearer = || Some(json!(["Bearer", 7, true]));
        assert_eq!(check("typ", bearer(), &json!({"typ": "Bearer"})), Ok(()));
        assert_eq!(check("typ", bearer(), &json!({"typ": 7})), Ok(()));
        for other in [json!("bearer"), json!("Bearer ID"), json!("7"), json!("true"), json!({"Bearer": 1})] {
            assert_eq!(check("typ", bearer(), &json!({ "typ": other })), mismatch, "{other}");
        }
        assert_eq!(check("typ", bearer(), &json!({})), Err(Refusal::RequiredClaimMissing));
    }

    #[test]
    fn a_list_or_scope_contains_one_of_them() {
        let chat = || Some(json!(["chat"]));
        let roles = json!({"realm_access": {"roles": ["user", "chat"]}});
        assert_eq!(check("/realm_access/roles", chat(), &roles), Ok(()));
        assert_eq!(check("scope", chat(), &json!({"scope": "openid chat"})), Ok(()));
        for scope in ["openid", "chatty", "chat2 x", ""] {
            let mismatch = check("scope", chat(), &json!({ "scope": scope }));
            assert_eq!(mismatch, Err(Refusal::RequiredClaimMismatch), "{scope}");
        }
    }
}
