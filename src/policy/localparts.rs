//! Which users an issuer may vouch for.

use regex::{Regex, RegexSet, RegexSetBuilder};

use crate::types::LocalpartRef;

/// Names that people with rights on a server usually have. Whoever registers himself as one of them at an identity provider is
/// nobody special.
pub const ADMIN_NAMES: [&str; 4] = ["admin", "administrator", "ejabberd", "root"];

/// Patterns of localparts. A pattern has to match the whole localpart, whose capital letters were folded: case does not count.
#[derive(Debug, Clone)]
pub struct LocalpartRules {
    allow: Option<RegexSet>,
    deny: RegexSet,
}

/// A pattern that is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pattern:?} is not a regular expression")]
pub struct InvalidPattern {
    pattern: String,
    /// Whether it denies, and does not allow.
    pub of_deny: bool,
}

impl LocalpartRules {
    /// Localparts that match one of `allow` (all, where there is none) and none of `deny`.
    ///
    /// # Errors
    ///
    /// [`InvalidPattern`]
    pub fn new(allow: Option<&[String]>, deny: &[String]) -> Result<Self, InvalidPattern> {
        let invalid = |of_deny| move |pattern| InvalidPattern { pattern, of_deny };
        let allow = allow.map(whole).transpose().map_err(invalid(false))?;
        Ok(Self { allow, deny: whole(deny).map_err(invalid(true))? })
    }

    /// Whether the issuer may vouch for this user.
    #[must_use]
    pub fn admit(&self, localpart: &LocalpartRef) -> bool {
        let name = localpart.as_str();
        self.allow.as_ref().is_none_or(|allow| allow.is_match(name)) && !self.deny.is_match(name)
    }
}

/// The error is the pattern that is none.
fn whole(patterns: &[String]) -> Result<RegexSet, String> {
    for pattern in patterns {
        // By itself first: `a)|(b` would become valid between the parentheses below.
        Regex::new(pattern).map_err(|_| pattern.clone())?;
    }
    let anchored = patterns.iter().map(|pattern| format!(r"\A(?:{pattern})\z"));
    let set = RegexSetBuilder::new(anchored).case_insensitive(true).build();
    set.map_err(|_| patterns.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allow: Option<&[&str]>, deny: &[&str]) -> Result<LocalpartRules, InvalidPattern> {
        let owned = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect::<Vec<_>>();
        LocalpartRules::new(allow.map(owned).as_deref(), &owned(deny))
    }

    #[track_caller]
    fn assert_admits(rules: &LocalpartRules, admitted: &[&str], refused: &[&str]) {
        for name in admitted {
            assert!(rules.admit(&crate::types::Localpart::new(name).unwrap()), "{name}");
        }
        for name in refused {
            assert!(!rules.admit(&crate::types::Localpart::new(name).unwrap()), "{name}");
        }
    }

    #[test]
    fn self_registered_admins_are_nobody_special() {
        assert_admits(
            &rules(None, &ADMIN_NAMES).unwrap(),
            &["alice", "admin2", "notroot"],
            &["admin", "root"],
        );
    }

    #[test]
    fn case_does_not_count() {
        assert_admits(&rules(Some(&["[A-Z]+"]), &["Admin"]).unwrap(), &["alice"], &["admin", "a1"]);
    }

    #[test]
    fn a_pattern_matches_the_whole_name() {
        let guests = rules(Some(&["guest-[0-9]+", "a|b"]), &["guest-7"]).unwrap();
        assert_admits(&guests, &["guest-1", "a", "b"], &["guest-", "xguest-1", "guest-1x", "ab", "guest-7"]);
    }

    #[test]
    fn nothing_allowed_is_nobody() {
        assert_admits(&rules(Some(&[]), &[]).unwrap(), &[], &["alice"]);
    }

    #[test]
    fn what_is_no_pattern_is_named() {
        for wrong in ["(", "a)|(b", "*"] {
            let refused = rules(None, &[wrong]).unwrap_err();
            assert_eq!(refused.to_string(), format!("{wrong:?} is not a regular expression"));
        }
    }
}
