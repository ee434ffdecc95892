//! The proof that a request comes with.

use std::fmt;

use super::bearer::is_of_slot;
use super::query::{self, Found};
use super::{BearerToken, ServerScheme};

/// The one proof of a request that counts: an `Authorization` header if there is one, else a token in the path, else the highest version
/// in the query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PresentedToken<'request> {
    /// None at all.
    Missing,
    /// The query of a slot whose token belongs into a header, and no header.
    HeaderMissing,
    /// An `Authorization` header that is no Bearer token.
    OtherHeader,
    /// More than one `Authorization` header.
    TwoHeaders,
    /// More than one of a scheme: whoever made this URL did not mean one of them.
    Doubled(ServerScheme),
    /// A MAC in the query.
    Mac {
        /// By which scheme.
        scheme: ServerScheme,
        /// As it was sent: hex, if all is well.
        mac: &'request str,
    },
    /// A token of ours.
    Bearer(BearerToken<'request>),
}

/// Without what it proves something by.
impl fmt::Debug for PresentedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("Missing"),
            Self::HeaderMissing => f.write_str("HeaderMissing"),
            Self::OtherHeader => f.write_str("OtherHeader"),
            Self::TwoHeaders => f.write_str("TwoHeaders"),
            Self::Doubled(scheme) => write!(f, "Doubled({scheme:?})"),
            Self::Mac { scheme, .. } => write!(f, "Mac({scheme:?}, …)"),
            Self::Bearer(token) => token.fmt(f),
        }
    }
}

impl<'request> PresentedToken<'request> {
    /// The proof in an `Authorization` header, sent to a URL with this query. The scheme is spelt in any case (RFC 9110 §11.1).
    #[must_use]
    pub fn from_authorization(header: &'request str, query: &'request str) -> Self {
        match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Self::Bearer(BearerToken::in_header(token.trim_start_matches(' '), query))
            }
            _ => Self::OtherHeader,
        }
    }

    /// The proof in a query, which is what stands behind the `?` of a URL.
    #[must_use]
    pub fn from_query(query: &'request str) -> Self {
        if let Some(token) = BearerToken::in_query(query) {
            return Self::Bearer(token);
        }
        for scheme in ServerScheme::BY_VERSION {
            match query::find(query, scheme.name()) {
                Found::Nothing => {}
                Found::One(mac) => return Self::Mac { scheme, mac },
                Found::Several => return Self::Doubled(scheme),
            }
        }
        if is_of_slot(query) { Self::HeaderMissing } else { Self::Missing }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Carrier;
    use super::*;

    #[test]
    fn no_token_is_shown() {
        for token in [
            PresentedToken::from_query("v2=c0ffee"),
            PresentedToken::from_query("token=c0ffee&user=alice&expires=1"),
            PresentedToken::from_authorization("Bearer c0ffee", ""),
            PresentedToken::Bearer(BearerToken::in_path("c0ffee")),
        ] {
            let shown = format!("{token:?}");
            assert!(shown.ends_with(", …)") && !shown.contains("c0ffee"), "{shown}");
        }
    }

    #[test]
    fn the_highest_version_counts() {
        let mac = |scheme, mac| PresentedToken::Mac { scheme, mac };
        for (query, token) in [
            ("", PresentedToken::Missing),
            ("x=1&vv=2&v&V=3&tokens=4", PresentedToken::Missing),
            ("v=abc", mac(ServerScheme::V, "abc")),
            ("x=1&v=a=b&y", mac(ServerScheme::V, "a=b")),
            ("v=", mac(ServerScheme::V, "")),
            ("v=abc&v2=def", mac(ServerScheme::V2, "def")),
            ("token=def&v=abc", mac(ServerScheme::Token, "def")),
            ("token=def&v2=ghi&v=abc", mac(ServerScheme::V2, "ghi")),
            ("token=def&user=a", mac(ServerScheme::Token, "def")),
            ("user=a&expires=1&v=abc", mac(ServerScheme::V, "abc")),
            ("user=a&expires=1", PresentedToken::HeaderMissing),
            ("user=a&expire=1", PresentedToken::Missing),
            ("v=abc&v=abc", PresentedToken::Doubled(ServerScheme::V)),
            ("v=abc&v=abc&token=def", mac(ServerScheme::Token, "def")),
            ("v2=&v2=", PresentedToken::Doubled(ServerScheme::V2)),
        ] {
            assert_eq!(PresentedToken::from_query(query), token, "{query}");
        }
        for query in ["token=a&user=b&expires=c", "expires=&v2=a&token=&user="] {
            let PresentedToken::Bearer(token) = PresentedToken::from_query(query) else { panic!("{query}") };
            assert_eq!(token.carrier, Carrier::Query, "{query}");
        }
    }

    #[test]
    fn a_header_is_bearer_or_another() {
        for header in ["Bearer x", "bearer x", "BEARER  x"] {
            let PresentedToken::Bearer(token) = PresentedToken::from_authorization(header, "v=1") else {
                panic!("{header}")
            };
            assert_eq!(token, BearerToken::in_header("x", "v=1"), "{header}");
        }
        for header in ["", "Bearer", "Basic YTpi", "Bearerx y", "x Bearer y"] {
            assert_eq!(
                PresentedToken::from_authorization(header, "v=1"),
                PresentedToken::OtherHeader,
                "{header}"
            );
        }
    }
}
