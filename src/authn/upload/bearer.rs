//! Tokens of our own slots, in each place where they may stand.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::query::{self, Found};
use super::{Mac, MalformedTerms, SlotTerms};

/// Where the token of a slot travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In an `Authorization` header, and its terms in the query.
    Header,
    /// In the query with its terms, for clients that drop headers. Off unless `upload.token_in_url` is set.
    Query,
    /// In the path, terms and all, for XMPP servers that spoil a query.
    Path,
}

/// A token of ours as it was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BearerToken<'request> {
    /// Where it stood.
    pub carrier: Carrier,
    /// What stood there.
    token: &'request str,
    /// The query of the URL.
    query: &'request str,
}

impl std::fmt::Debug for BearerToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BearerToken({:?}, …)", self.carrier)
    }
}

impl<'request> BearerToken<'request> {
    /// `token` of a header `Authorization: Bearer <token>`, sent to a URL with this query.
    #[must_use]
    pub fn in_header(token: &'request str, query: &'request str) -> Self {
        Self { carrier: Carrier::Header, token, query }
    }

    /// What stands in the path.
    #[must_use]
    pub fn in_path(token: &'request str) -> Self {
        Self { carrier: Carrier::Path, token, query: "" }
    }

    /// In a query, if it is the query of such a slot.
    pub(super) fn in_query(query: &'request str) -> Option<Self> {
        let is_one = query::has(query, "token") && is_of_slot(query);
        is_one.then_some(Self { carrier: Carrier::Query, token: "", query })
    }

    /// What stood in a header.
    pub(super) fn header(self) -> Option<&'request str> {
        (self.carrier == Carrier::Header).then_some(self.token)
    }

    /// Token and terms. Nothing of it is believed yet.
    ///
    /// # Errors
    ///
    /// [`MalformedTerms`] if it is not as we write it.
    pub fn read(self) -> Result<(Mac, SlotTerms), MalformedTerms> {
        let token = match (self.carrier, query::find(self.query, "token")) {
            (Carrier::Path, _) => return from_path(self.token),
            (Carrier::Header, _) => self.token,
            (Carrier::Query, Found::One(token)) => token,
            (Carrier::Query, _) => return Err(MalformedTerms),
        };
        let mac = Mac::from_base64(token).ok_or(MalformedTerms)?;
        Ok((mac, SlotTerms::from_query(self.query)?))
    }
}

/// Whether this is the query of a slot of ours, with or without its token.
pub(super) fn is_of_slot(query: &str) -> bool {
    query::has(query, "user") && query::has(query, "expires")
}

/// A token with its terms, for the path of a URL.
#[must_use]
pub fn path_token(mac: Mac, terms: &SlotTerms) -> String {
    URL_SAFE_NO_PAD.encode([mac.bytes(), terms.to_text().as_bytes()].concat())
}

fn from_path(token: &str) -> Result<(Mac, SlotTerms), MalformedTerms> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| MalformedTerms)?;
    let (mac, text) = bytes.split_first_chunk().ok_or(MalformedTerms)?;
    let text = std::str::from_utf8(text).map_err(|_| MalformedTerms)?;
    Ok((Mac::new(*mac), SlotTerms::from_text(text)?))
}
