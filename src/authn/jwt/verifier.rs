//! The verdict on a token.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::claims::{ClaimRules, Claims};
use super::compact::Compact;
use super::header::{TokenTypes, algorithm, check_compression, check_content_type, check_critical, key_id};
use super::refusal::Refusal;
use super::report::{FirstRefusal, Judge, Report};
use super::rule::Rule;
use super::user::UserRules;
use crate::authn::keys::{IssuerKeys, KeyId, KeySet, NoSuchKey};
use crate::types::{Localpart, Vhost};

/// An issuer of tokens: its keys and its rules.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// Its name, which `iss` has to equal.
    pub name: String,
    /// Keys that verify its tokens; one of them has to.
    pub keys: IssuerKeys,
    /// Which kinds of its tokens log in.
    pub types: TokenTypes,
    /// What they have to say.
    pub claims: ClaimRules,
    /// How they name the user.
    pub user: UserRules,
}

/// Verifies the tokens of one vhost's users.
#[derive(Debug)]
pub struct VhostVerifier {
    vhost: Vhost,
    token_max_bytes: usize,
    issuers: HashMap<String, Issuer>,
}

/// A token that was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'verifier> {
    /// The issuer that vouches for the user.
    pub issuer: &'verifier str,
    /// Its key that signed, where that has a name.
    pub key: Option<KeyId>,
}

/// A token that was not. What it was told of issuer and key is known to be ours, and not just what the token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused<'verifier> {
    /// The first rule that does not hold.
    pub reason: Refusal,
    /// The issuer in whose name it came.
    pub issuer: Option<&'verifier str>,
    /// The key that signed, or the only one that could have.
    pub key: Option<KeyId>,
}

type HeaderRule = fn(&Map<String, Value>) -> Result<(), Refusal>;

/// The rules for headers, whoever issued the token.
const HEADER_RULES: [(Rule, HeaderRule); 3] = [
    (Rule::Critical, check_critical),
    (Rule::Compression, check_compression),
    (Rule::ContentType, check_content_type),
];

type ClaimRule = fn(&ClaimRules, &Claims, f64) -> Result<(), Refusal>;

/// The rules for claims.
pub(super) const CLAIM_RULES: [(Rule, ClaimRule); 7] = [
    (Rule::Expiry, ClaimRules::check_expiry),
    (Rule::NotBefore, ClaimRules::check_not_before),
    (Rule::Issued, ClaimRules::check_issued),
    (Rule::Lifetime, ClaimRules::check_lifetime),
    (Rule::Audience, ClaimRules::check_audience),
    (Rule::Confirmation, ClaimRules::check_confirmation),
    (Rule::Required, ClaimRules::check_required),
];

impl VhostVerifier {
    /// A verifier for `vhost` that refuses tokens above `token_max_bytes` before it looks at them.
    #[must_use]
    pub fn new(vhost: Vhost, token_max_bytes: usize, issuers: Vec<Issuer>) -> Self {
        let issuers = issuers.into_iter().map(|issuer| (issuer.name.clone(), issuer)).collect();
        Self { vhost, token_max_bytes, issuers }
    }

    /// The vhost whose users these are.
    #[must_use]
    pub fn vhost(&self) -> &Vhost {
        &self.vhost
    }

    /// Checks that `token` lets `user` log in at `now` (seconds since 1970).
    ///
    /// # Errors
    ///
    /// [`Refused`], with the first rule that does not hold.
    pub fn verify(&self, token: &str, user: &Localpart, now: f64) -> Result<Verified<'_>, Refused<'_>> {
        let mut found = Found::default();
        match self.judge(&mut FirstRefusal, &mut found, token, Some(user), now) {
            Ok((_, issuer)) => Ok(Verified { issuer, key: found.key }),
            Err(reason) => Err(Refused { reason, issuer: found.issuer, key: found.key }),
        }
    }

    /// Finds out whom `token` lets in at `now` (seconds since 1970), by the same rules.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the first rule that does not hold.
    pub fn identify(&self, token: &str, now: f64) -> Result<(Localpart, Verified<'_>), Refused<'_>> {
        let mut found = Found::default();
        match self.judge(&mut FirstRefusal, &mut found, token, None, now) {
            Ok((user, issuer)) => Ok((user, Verified { issuer, key: found.key })),
            Err(reason) => Err(Refused { reason, issuer: found.issuer, key: found.key }),
        }
    }

    /// Whether tokens of the issuer of this name are for users of this vhost.
    #[must_use]
    pub fn has_issuer(&self, name: &str) -> bool {
        self.issuers.contains_key(name)
    }

    /// The size above which no token is looked at, in bytes.
    #[must_use]
    pub fn token_max_bytes(&self) -> usize {
        self.token_max_bytes
    }

    /// Applies every rule that can be applied to `token`. Without a `user` all users are good.
    #[must_use]
    pub fn report(&self, token: &str, user: Option<&Localpart>, now: f64) -> Report {
        let mut report = Report::default();
        // The report has it all.
        let _ = self.judge(&mut report, &mut Found::default(), token, user, now);
        report
    }

    fn judge<'verifier>(
        &'verifier self,
        judge: &mut impl Judge,
        found: &mut Found<'verifier>,
        token: &str,
        user: Option<&Localpart>,
        now: f64,
    ) -> Result<(Localpart, &'verifier str), Refusal> {
        judge.need(Rule::Size, self.check_size(token))?;
        let compact = judge.need(Rule::Form, Compact::parse(token))?;
        for (rule, check) in HEADER_RULES {
            judge.hear(rule, check(&compact.header))?;
        }
        let issuer = judge.need(Rule::Issuer, self.issuer_of(&compact.claims))?;
        found.issuer = Some(&issuer.name);
        judge.hear(Rule::Type, issuer.types.check(&compact.header))?;
        check_signature(judge, found, &issuer.keys.now(), &compact)?;
        for (rule, check) in CLAIM_RULES {
            judge.hear(rule, check(&issuer.claims, &compact.claims, now))?;
        }
        let named = judge.need(Rule::User, issuer.user.named(&compact.claims, &self.vhost))?;
        judge.hear(Rule::Localpart, issuer.user.check_localpart(&named))?;
        if let Some(user) = user {
            let same = if named == *user { Ok(()) } else { Err(Refusal::UserMismatch) };
            judge.hear(Rule::SameUser, same)?;
        }
        Ok((named, &issuer.name))
    }

    fn check_size(&self, token: &str) -> Result<(), Refusal> {
        check_size(token, self.token_max_bytes)
    }

    fn issuer_of(&self, claims: &Claims) -> Result<&Issuer, Refusal> {
        self.issuers.get(issuer_name(claims)?).ok_or(Refusal::IssuerUnknown)
    }
}

/// In whose name `token` comes, which nobody has verified: it tells by whose rules to judge it, and nothing else.
///
/// # Errors
///
/// [`Refusal`] of what is no token, or larger than `max_bytes`.
pub fn claimed_issuer(token: &str, max_bytes: usize) -> Result<String, Refusal> {
    check_size(token, max_bytes)?;
    let compact = Compact::parse(token)?;
    issuer_name(&compact.claims).map(str::to_owned)
}

fn check_size(token: &str, max_bytes: usize) -> Result<(), Refusal> {
    match token.len() {
        0 => Err(Refusal::TokenMissing),
        bytes if bytes > max_bytes => Err(Refusal::TokenTooLarge),
        _ => Ok(()),
    }
}

fn issuer_name(claims: &Claims) -> Result<&str, Refusal> {
    match claims.get("iss") {
        Some(Value::String(name)) => Ok(name),
        _ => Err(Refusal::IssuerMissing),
    }
}

/// What of our own a token led to.
#[derive(Default)]
struct Found<'verifier> {
    issuer: Option<&'verifier str>,
    key: Option<KeyId>,
}

fn check_signature(
    judge: &mut impl Judge,
    found: &mut Found<'_>,
    keys: &KeySet,
    compact: &Compact<'_>,
) -> Result<(), Refusal> {
    let asked_for =
        algorithm(&compact.header).and_then(|algorithm| Ok((algorithm, key_id(&compact.header)?)));
    let candidates = asked_for.and_then(|(algorithm, id)| {
        keys.candidates(algorithm, id).map_err(|none| match none {
            NoSuchKey::Algorithm => Refusal::AlgorithmRefused,
            NoSuchKey::Id => Refusal::KeyUnknown,
            NoSuchKey::Any => Refusal::KeysMissing,
        })
    });
    // Without a key to try, the signature counts as not looked at.
    let candidates = match candidates {
        Ok(candidates) => {
            judge.hear(Rule::Key, Ok(()))?;
            candidates
        }
        Err(refusal) => return judge.hear(Rule::Key, Err(refusal)),
    };
    for (tried, key) in candidates.enumerate() {
        if key.verifies(compact.signed, &compact.signature) {
            found.key = key.id().cloned();
            return judge.hear(Rule::Signature, Ok(()));
        }
        // Where only one comes into question, it is the one to look at.
        found.key = key.id().filter(|_| tried == 0).cloned();
    }
    judge.hear(Rule::Signature, Err(Refusal::SignatureInvalid))
}

#[cfg(test)]
mod tests;
