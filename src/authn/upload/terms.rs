//! What a slot of ours is for.

use percent_encoding::percent_decode_str;

use super::query::{self, Found};
use crate::types::{BareJid, ContentType, ObjectPath, UserHash, Vhost, uri_escaped};

/// What a slot of ours says beside path and size: all of it is signed, and travels with the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotTerms {
    /// Whose slot it is.
    pub user: BareJid,
    /// The one type that the file may have, and will be served as.
    pub content_type: Option<ContentType>,
    /// Until when the file is to be kept, in seconds since 1970.
    pub keep: Option<u64>,
    /// Until when the slot is good, in seconds since 1970.
    pub expires: u64,
}

/// No slot says this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no terms of a slot")]
pub struct MalformedTerms;

impl SlotTerms {
    /// Reads `user`, `expires`, `type` and `keep` in the query of a URL.
    ///
    /// # Errors
    ///
    /// [`MalformedTerms`] if one is missing, there twice, or written in another way than we do it, escapes aside.
    pub fn from_query(text: &str) -> Result<Self, MalformedTerms> {
        let value = |name| match query::find(text, name) {
            Found::Nothing => Ok(None),
            Found::One(value) => {
                percent_decode_str(value).decode_utf8().map(Some).map_err(|_| MalformedTerms)
            }
            Found::Several => Err(MalformedTerms),
        };
        let (user, expires) = (value("user")?, value("expires")?);
        Ok(Self {
            user: parse_user(user.as_deref().ok_or(MalformedTerms)?)?,
            content_type: value("type")?.as_deref().map(parse_type).transpose()?,
            keep: value("keep")?.as_deref().map(parse_seconds).transpose()?,
            expires: parse_seconds(expires.as_deref().ok_or(MalformedTerms)?)?,
        })
    }

    /// The same, written.
    #[must_use]
    pub fn to_query(&self) -> String {
        let Self { user, content_type, keep, expires } = self;
        let content_type = content_type.as_ref().map(|kind| format!("&type={}", uri_escaped(kind.as_str())));
        let keep = keep.map(|keep| format!("&keep={keep}"));
        let always = format!("user={}&expires={expires}", uri_escaped(user.as_str()));
        std::iter::once(always).chain(content_type).chain(keep).collect()
    }

    /// Reads what a token holds that stands in the path.
    pub(super) fn from_text(text: &str) -> Result<Self, MalformedTerms> {
        let parts: Vec<_> = text.split('\0').collect();
        let [user, content_type, keep, expires] = parts[..] else { return Err(MalformedTerms) };
        let given = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Self {
            user: parse_user(user)?,
            content_type: given(content_type).as_deref().map(parse_type).transpose()?,
            keep: given(keep).as_deref().map(parse_seconds).transpose()?,
            expires: parse_seconds(expires)?,
        })
    }

    /// The same, written. No part of it holds a NUL, and none that is there is empty.
    pub(super) fn to_text(&self) -> String {
        let (content_type, keep) = self.optional();
        format!("{}\0{content_type}\0{keep}\0{}", self.user, self.expires)
    }

    /// What is signed, for a file of `size` bytes.
    #[must_use]
    pub fn signed(&self, vhost: &Vhost, path: &ObjectPath, size: u64) -> String {
        let (content_type, keep) = self.optional();
        let Self { user, expires, .. } = self;
        format!("put/1\0{vhost}\0{user}\0{path}\0{size}\0{content_type}\0{keep}\0{expires}")
    }

    /// Whether the slot's user is one of `vhost`, and `path` his.
    #[must_use]
    pub fn are_for(&self, vhost: &Vhost, path: &ObjectPath) -> bool {
        let of_vhost = self.user.node().is_some() && self.user.domain() == &**vhost;
        of_vhost && path.owner() == Some(&UserHash::from(&self.user).to_string())
    }

    fn optional(&self) -> (&str, String) {
        let content_type = self.content_type.as_ref().map_or("", ContentType::as_str);
        (content_type, self.keep.map(|keep| keep.to_string()).unwrap_or_default())
    }
}

/// A bare JID in the form in which it was issued.
pub(super) fn parse_user(text: &str) -> Result<BareJid, MalformedTerms> {
    BareJid::new(text).ok().filter(|user| user.as_str() == text).ok_or(MalformedTerms)
}

fn parse_type(text: &str) -> Result<ContentType, MalformedTerms> {
    ContentType::parse(text).map_err(|_| MalformedTerms)
}

/// Digits in their one spelling.
fn parse_seconds(text: &str) -> Result<u64, MalformedTerms> {
    let seconds: u64 = text.parse().map_err(|_| MalformedTerms)?;
    if seconds.to_string() == text { Ok(seconds) } else { Err(MalformedTerms) }
}
