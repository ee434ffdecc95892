//! Why a token is refused.

/// Writes the reasons down once: variant, stable code, sentence for the operator.
macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $text:literal;)+) => {
        /// A reason to refuse a login token. [`Refusal::code`] is stable: it stands in logs and metrics; the display text is for
        /// the operator and never holds a part of the token.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum Refusal {
            $($(#[doc = $doc])+ #[error($text)] $variant,)+
        }

        impl Refusal {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable reason code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }
    };
}

refusals! {
    /// An empty password.
    TokenMissing = "token_missing", "the password is empty: the client sent no token";
    /// Above `auth.token_max_bytes`.
    TokenTooLarge = "token_too_large", "the token is longer than auth.token_max_bytes";
    /// Not three parts.
    TokenMalformed = "token_malformed", "the password is not a JWT in compact form (three parts with dots between them)";
    /// Five parts: a JWE.
    TokenEncrypted = "token_encrypted", "the token is encrypted (JWE); only signed tokens are understood";
    /// A part that is not base64url, or not the one spelling of its bytes.
    TokenNotCanonical = "token_not_canonical", "a part of the token is not canonical base64url (padding, white space, another alphabet)";
    /// Header or payload is no JSON object.
    TokenNotJson = "token_not_json", "the token's header or payload is not a JSON object";
    /// A member name that occurs twice in one object.
    DuplicateMember = "duplicate_member", "a member occurs twice in the token's JSON";
    /// `crit`: an extension that must be understood.
    HeaderCritical = "header_critical", "the token's header asks for an extension (crit)";
    /// `zip`.
    HeaderCompressed = "header_compressed", "the token's payload is compressed (zip)";
    /// `cty`: something nested.
    HeaderContentType = "header_content_type", "the token's header names a content type (cty): its payload is no claims set";
    /// `kid` that is not a string.
    KeyIdMalformed = "key_id_malformed", "the token's key id (kid) is not a string";
    /// `none`, in any spelling.
    AlgorithmNone = "algorithm_none", "the token is not signed (alg is none)";
    /// An unknown algorithm, or not one of the issuer's keys.
    AlgorithmRefused = "algorithm_refused", "the token's algorithm (alg) is not one of the issuer's keys";
    /// No `iss`.
    IssuerMissing = "issuer_missing", "the token names no issuer (iss)";
    /// `iss` is not configured for this vhost.
    IssuerUnknown = "issuer_unknown", "the token's issuer (iss) is not configured for this vhost";
    /// No key of the issuer has this `kid`.
    KeyUnknown = "key_unknown", "the issuer has no key with the token's key id (kid)";
    /// The issuer has no key at all: its key set was emptied.
    KeysMissing = "keys_missing", "the issuer has no key: its key set is empty, or no key in it can be used";
    /// The signature is not the issuer's.
    SignatureInvalid = "signature_invalid", "the signature does not match: another key, or a changed token";
    /// `typ` says it is another kind of token.
    TypeRefused = "type_refused", "the token's type (typ) is not one that the issuer's tokens for logging in have";
    /// No `exp`.
    ExpiryMissing = "expiry_missing", "the token never expires (no exp)";
    /// `exp` is not a number.
    ExpiryMalformed = "expiry_malformed", "exp is not a number of seconds";
    /// `exp` in milliseconds, as `Date.now()` gives them.
    ExpiryInMilliseconds = "expiry_in_milliseconds", "exp looks like milliseconds; it has to be seconds since 1970 (in JavaScript: Math.floor(Date.now() / 1000))";
    /// `exp` has passed.
    TokenExpired = "token_expired", "the token has expired (exp)";
    /// `nbf` is not a number.
    NotBeforeMalformed = "not_before_malformed", "nbf is not a number of seconds";
    /// `nbf` lies ahead.
    NotYetValid = "not_yet_valid", "the token is not valid yet (nbf); are the clocks in step?";
    /// `iat` is not a number.
    IssuedAtMalformed = "issued_at_malformed", "iat is not a number of seconds";
    /// `iat` lies ahead.
    IssuedInFuture = "issued_in_future", "the token was issued in the future (iat); are the clocks in step?";
    /// It lives longer than `max_lifetime`.
    LifetimeTooLong = "lifetime_too_long", "the token lives longer than the issuer's max_lifetime";
    /// An audience is configured and the token has none.
    AudienceMissing = "audience_missing", "the token names no audience (aud), and the issuer's audience is configured";
    /// None of the token's audiences is configured.
    AudienceMismatch = "audience_mismatch", "none of the token's audiences (aud) is in the issuer's audience setting";
    /// `cnf`: bound to a key that an XMPP password cannot prove.
    ConfirmationRequired = "confirmation_required", "the token is bound to a key (cnf), which a password cannot prove";
    /// A claim of `required_claims` is not there.
    RequiredClaimMissing = "required_claim_missing", "a claim of the issuer's required_claims is not in the token";
    /// A claim of `required_claims` has another value.
    RequiredClaimMismatch = "required_claim_mismatch", "a claim of the issuer's required_claims has another value";
    /// No user claim, or not a string.
    UserClaimMissing = "user_claim_missing", "the token names no user (the issuer's user_claim, usually sub)";
    /// The user claim is neither a localpart nor a bare JID.
    UserClaimMalformed = "user_claim_malformed", "the token's user is neither a localpart nor a bare JID";
    /// The user claim folds into another account.
    UserClaimFolds = "user_claim_folds", "the token's user changes by more than the case of ASCII letters when prepared as a JID, or reads as another name: two accounts could be one";
    /// A localpart where only a full bare JID tells whose user it is.
    FullJidRequired = "full_jid_required", "several vhosts share this issuer without audiences of their own: the token's user has to be a JID with its domain";
    /// The user claim is a JID of another domain.
    VhostMismatch = "vhost_mismatch", "the token's user belongs to another vhost";
    /// The issuer may not vouch for this user.
    LocalpartDenied = "localpart_denied", "the issuer may not vouch for this user (its localparts and deny_localparts)";
    /// The user claim is somebody else.
    UserMismatch = "user_mismatch", "the token belongs to another user than the one who logs in";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own() {
        let codes: HashSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
    }
}
