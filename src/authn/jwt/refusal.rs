//! Why a token is refused.

/// A reason to refuse a login token. [`Refusal::code`] is stable: it stands in logs and metrics; the display text is for
/// the operator and never holds a part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An empty password.
    #[error("the password is empty: the client sent no token")]
    TokenMissing,
    /// Above `auth.token_max_bytes`.
    #[error("the token is longer than auth.token_max_bytes")]
    TokenTooLarge,
    /// Not three parts of canonical base64url that hold JSON objects.
    #[error("the password is not a JWT in compact form")]
    TokenMalformed,
    /// Five parts: a JWE.
    #[error("the token is encrypted (JWE); only signed tokens are understood")]
    TokenEncrypted,
    /// A member name that occurs twice in one object.
    #[error("a member occurs twice in the token's JSON")]
    DuplicateMember,
    /// `crit`: an extension that must be understood.
    #[error("the token's header asks for an extension (crit)")]
    HeaderCritical,
    /// `zip`.
    #[error("the token's payload is compressed (zip)")]
    HeaderCompressed,
    /// `cty`: something nested.
    #[error("the token's header names a content type (cty): its payload is no claims set")]
    HeaderContentType,
    /// `typ` says it is another kind of token.
    #[error("the token's typ is not that of an access or identity token")]
    TypeRefused,
    /// `none`, an unknown one, or not the one of the issuer's key.
    #[error("the token's algorithm is not the one of the issuer's key")]
    AlgorithmRefused,
    /// No `iss`.
    #[error("the token names no issuer (iss)")]
    IssuerMissing,
    /// `iss` is not configured for this vhost.
    #[error("the token's issuer (iss) is not configured for this vhost")]
    IssuerUnknown,
    /// The signature is not the issuer's.
    #[error("the signature does not match: another key, or a changed token")]
    SignatureInvalid,
    /// No `exp`.
    #[error("the token never expires (no exp)")]
    ExpiryMissing,
    /// `exp`, `nbf` or `iat` that is not a number.
    #[error("exp, nbf or iat is not a number of seconds")]
    DateMalformed,
    /// `exp` in milliseconds, as `Date.now()` gives them.
    #[error(
        "exp looks like milliseconds; it has to be seconds since 1970 (in JavaScript: Date.now() / 1000)"
    )]
    ExpiryInMilliseconds,
    /// `exp` has passed.
    #[error("the token has expired (exp)")]
    TokenExpired,
    /// It lives longer than `max_lifetime`.
    #[error("the token lives longer than the issuer's max_lifetime")]
    LifetimeTooLong,
    /// `nbf` lies ahead.
    #[error("the token is not valid yet (nbf); are the clocks in step?")]
    NotYetValid,
    /// `iat` lies ahead.
    #[error("the token was issued in the future (iat); are the clocks in step?")]
    IssuedInFuture,
    /// An audience is configured and the token has none.
    #[error("the token names no audience (aud), and the issuer's audience is configured")]
    AudienceMissing,
    /// None of the token's audiences is configured.
    #[error("none of the token's audiences (aud) is in the issuer's audience setting")]
    AudienceMismatch,
    /// `cnf`: bound to a key that an XMPP password cannot prove.
    #[error("the token is bound to a key (cnf), which a password cannot prove")]
    ConfirmationRequired,
    /// No `sub`, or not a string.
    #[error("the token names no user (sub)")]
    SubjectMissing,
    /// `sub` is neither a localpart nor a bare JID, or folds into another account.
    #[error("the token's user (sub) is no localpart or bare JID that stays itself when prepared")]
    SubjectMalformed,
    /// `sub` is a JID of another domain.
    #[error("the token's user (sub) belongs to another vhost")]
    VhostMismatch,
    /// `sub` is somebody else.
    #[error("the token belongs to another user (sub) than the one who logs in")]
    UserMismatch,
}

impl Refusal {
    /// The stable reason code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TokenMissing => "token_missing",
            Self::TokenTooLarge => "token_too_large",
            Self::TokenMalformed => "token_malformed",
            Self::TokenEncrypted => "token_encrypted",
            Self::DuplicateMember => "duplicate_member",
            Self::HeaderCritical => "header_critical",
            Self::HeaderCompressed => "header_compressed",
            Self::HeaderContentType => "header_content_type",
            Self::TypeRefused => "type_refused",
            Self::AlgorithmRefused => "algorithm_refused",
            Self::IssuerMissing => "issuer_missing",
            Self::IssuerUnknown => "issuer_unknown",
            Self::SignatureInvalid => "signature_invalid",
            Self::ExpiryMissing => "expiry_missing",
            Self::DateMalformed => "date_malformed",
            Self::ExpiryInMilliseconds => "expiry_in_milliseconds",
            Self::TokenExpired => "token_expired",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::AudienceMissing => "audience_missing",
            Self::AudienceMismatch => "audience_mismatch",
            Self::ConfirmationRequired => "confirmation_required",
            Self::SubjectMissing => "subject_missing",
            Self::SubjectMalformed => "subject_malformed",
            Self::VhostMismatch => "vhost_mismatch",
            Self::UserMismatch => "user_mismatch",
        }
    }
}
