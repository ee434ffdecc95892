//! Where a claim stands in a token.

use std::str::FromStr;

use serde_json::{Map, Value};

/// The name of a claim, or with a leading slash the way to one that lies deeper (a JSON Pointer, RFC 6901): `/realm_access/roles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimName(String);

/// A claim name that is empty, or a pointer to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of a claim, nor a JSON Pointer such as \"/realm_access/roles\"")]
pub struct InvalidClaimName;

impl FromStr for ClaimName {
    type Err = InvalidClaimName;

    fn from_str(name: &str) -> Result<Self, InvalidClaimName> {
        if matches!(name, "" | "/") { Err(InvalidClaimName) } else { Ok(Self(name.to_owned())) }
    }
}

impl ClaimName {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn find<'claims>(&self, claims: &'claims Map<String, Value>) -> Option<&'claims Value> {
        let Some(pointer) = self.0.strip_prefix('/') else { return claims.get(&self.0) };
        let (first, rest) = pointer.find('/').map_or((pointer, ""), |slash| pointer.split_at(slash));
        claims.get(&first.replace("~1", "/").replace("~0", "~"))?.pointer(rest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_members_and_what_lies_below() {
        let claims = json!({"sub": "alice", "a.b": 1, "realm": {"roles": ["chat"]}, "https://x/y": 2});
        let find = |name: &str| name.parse::<ClaimName>().unwrap().find(claims.as_object().unwrap());
        assert_eq!(find("sub"), Some(&json!("alice")));
        assert_eq!(find("/sub"), Some(&json!("alice")));
        assert_eq!(find("a.b"), Some(&json!(1)));
        assert_eq!(find("/realm/roles/0"), Some(&json!("chat")));
        assert_eq!(find("https://x/y"), Some(&json!(2)));
        assert_eq!(find("/https:~1~1x~1y"), Some(&json!(2)));
        for nothing in ["realm.roles", "/realm/x", "/sub/0", "//"] {
            assert_eq!(find(nothing), None, "{nothing}");
        }
        assert_eq!("".parse::<ClaimName>(), Err(InvalidClaimName));
    }
}
