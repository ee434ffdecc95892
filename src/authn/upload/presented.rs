//! The proof that a request comes with.

use super::Scheme;

/// The one proof of a request that counts: an `Authorization` header if there is one, else the highest version in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresentedToken<'request> {
    /// None at all.
    Missing,
    /// An `Authorization` header.
    Header,
    /// More than one of a scheme: whoever made this URL did not mean one of them.
    Doubled(Scheme),
    /// A MAC in the query.
    Mac {
        /// By which scheme.
        scheme: Scheme,
        /// As it was sent: hex, if all is well.
        mac: &'request str,
    },
}

impl<'request> PresentedToken<'request> {
    /// The proof in a query, which is what stands behind the `?` of a URL.
    #[must_use]
    pub fn from_query(query: &'request str) -> Self {
        let macs = |scheme: Scheme| {
            let pairs = query.split('&');
            pairs.filter_map(move |pair| pair.strip_prefix(scheme.name())?.strip_prefix('='))
        };
        for scheme in Scheme::BY_VERSION {
            let mut macs = macs(scheme);
            match (macs.next(), macs.next()) {
                (None, _) => {}
                (Some(mac), None) => return Self::Mac { scheme, mac },
                (Some(_), Some(_)) => return Self::Doubled(scheme),
            }
        }
        Self::Missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_counts() {
        let mac = |scheme, mac| PresentedToken::Mac { scheme, mac };
        for (query, token) in [
            ("", PresentedToken::Missing),
            ("x=1&vv=2&v&V=3&tokens=4", PresentedToken::Missing),
            ("v=abc", mac(Scheme::V, "abc")),
            ("x=1&v=a=b&y", mac(Scheme::V, "a=b")),
            ("v=", mac(Scheme::V, "")),
            ("v=abc&v2=def", mac(Scheme::V2, "def")),
            ("token=def&v=abc", mac(Scheme::Token, "def")),
            ("token=def&v2=ghi&v=abc", mac(Scheme::V2, "ghi")),
            ("v=abc&v=abc", PresentedToken::Doubled(Scheme::V)),
            ("v=abc&v=abc&token=def", mac(Scheme::Token, "def")),
            ("v2=&v2=", PresentedToken::Doubled(Scheme::V2)),
        ] {
            assert_eq!(PresentedToken::from_query(query), token, "{query}");
        }
    }
}
