//! The rules for tokens, in the order in which they are applied.

/// A rule that a token keeps or breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// `token_max_bytes`.
    Size,
    /// Three parts of canonical base64url, the first two JSON objects.
    Form,
    /// `crit`.
    Critical,
    /// `zip`.
    Compression,
    /// `cty`.
    ContentType,
    /// `iss`.
    Issuer,
    /// `typ`.
    Type,
    /// `alg` and `kid`.
    Key,
    /// The signature.
    Signature,
    /// `exp`.
    Expiry,
    /// `nbf`.
    NotBefore,
    /// `iat`.
    Issued,
    /// From `iat` to `exp`.
    Lifetime,
    /// `aud`.
    Audience,
    /// `cnf`.
    Confirmation,
    /// `required_claims`.
    Required,
    /// The user claim.
    User,
    /// `localparts`, `deny_localparts`.
    Localpart,
    /// The user claim is the user who logs in.
    SameUser,
}

impl Rule {
    /// All rules, in the order in which they are applied.
    pub const ALL: [Self; 19] = [
        Self::Size,
        Self::Form,
        Self::Critical,
        Self::Compression,
        Self::ContentType,
        Self::Issuer,
        Self::Type,
        Self::Key,
        Self::Signature,
        Self::Expiry,
        Self::NotBefore,
        Self::Issued,
        Self::Lifetime,
        Self::Audience,
        Self::Confirmation,
        Self::Required,
        Self::User,
        Self::Localpart,
        Self::SameUser,
    ];

    /// What it asks for, in a few words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Size => "has the size of a token",
            Self::Form => "is a JWT in compact form",
            Self::Critical => "asks for no extension (crit)",
            Self::Compression => "is not compressed (zip)",
            Self::ContentType => "is not nested (cty)",
            Self::Issuer => "comes from an issuer of the vhost (iss)",
            Self::Type => "is a token for logging in (typ)",
            Self::Key => "names an algorithm and a key of the issuer (alg, kid)",
            Self::Signature => "is signed with that key",
            Self::Expiry => "has not expired (exp)",
            Self::NotBefore => "is valid already (nbf)",
            Self::Issued => "was not issued in the future (iat)",
            Self::Lifetime => "does not live too long (max_lifetime)",
            Self::Audience => "was made for us (aud)",
            Self::Confirmation => "is not bound to a key (cnf)",
            Self::Required => "has the required claims (required_claims)",
            Self::User => "names a user of the vhost (user_claim)",
            Self::Localpart => "names a user whom the issuer may vouch for (localparts)",
            Self::SameUser => "names the user who logs in",
        }
    }
}
