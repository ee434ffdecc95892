//! Parts of a JID, in the form in which ejabberd hands them over.
//!
//! The [`jid`] crate does the stringprep of RFC 6122, which is what ejabberd applies too.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use sha1::{Digest, Sha1};

pub use jid::BareJid;
/// A domain that ejabberd serves.
pub use jid::DomainPart as Vhost;
/// The part of a JID before the `@`, prepared as ejabberd prepares it.
pub use jid::NodePart as Localpart;
/// A borrowed [`Localpart`].
pub use jid::NodeRef as LocalpartRef;

/// Why the name of an account cannot be a localpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocalpartFault {
    /// No localpart at all.
    #[error("is not a localpart")]
    Malformed,
    /// It names another account than its spelling suggests: two accounts of an identity provider, such as `straße` and `strasse`,
    /// would become one JID.
    #[error(
        "changes by more than the case of ASCII letters when it is prepared as a JID, or reads as another name"
    )]
    Folds,
}

/// Prepares the name of an account as ejabberd prepares localparts, and refuses it where more than ASCII case changed.
///
/// # Errors
///
/// [`LocalpartFault`] if `raw` is no localpart at all, folds into one that is spelled otherwise, or reads as another name that was
/// encoded twice ([`encoded_once`]).
pub fn as_ejabberd_writes(raw: &str) -> Result<Localpart, LocalpartFault> {
    let prepared = Localpart::new(raw).map_err(|_| LocalpartFault::Malformed)?;
    if prepared.as_str() != raw.to_ascii_lowercase() || encoded_once(raw) != raw {
        return Err(LocalpartFault::Folds);
    }
    Ok(prepared.into_owned())
}

/// Parses a localpart that ejabberd prepared already: nothing about it changes.
///
/// # Errors
///
/// [`LocalpartFault`]
pub fn parse_localpart(prepared: &str) -> Result<Localpart, LocalpartFault> {
    let localpart = Localpart::new(prepared).map_err(|_| LocalpartFault::Malformed)?;
    if localpart.as_str() == prepared { Ok(localpart.into_owned()) } else { Err(LocalpartFault::Folds) }
}

/// Parses the name of a vhost, `None` if it is not one.
#[must_use]
pub fn parse_vhost(raw: &str) -> Option<Vhost> {
    Vhost::new(raw).ok().map(Cow::into_owned)
}

/// Undoes the encoding that was put on a name twice: `ejabberd_auth_http` percent-encodes each byte of it as if that were a
/// character, so that `é` arrives as `Ã©`. Other names stay as they are.
///
/// A name that only looks so is taken for the other one. No harm comes of that as long as nobody owns it, for which
/// [`as_ejabberd_writes`] cares.
#[must_use]
pub fn encoded_once(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    let bytes: Option<Vec<u8>> = name.chars().map(|char| u8::try_from(char).ok()).collect();
    let decoded = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map_or(Cow::Borrowed(name), Cow::Owned)
}

/// Tells a user from others without telling who he is: the SHA-1 of the bare JID, as `mod_http_upload` makes it with
/// `jid_in_url: sha1`. Shown as lower-case hex it is the folder of his uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserHash([u8; 20]);

impl From<&BareJid> for UserHash {
    fn from(user: &BareJid) -> Self {
        Self(Sha1::digest(user.as_str()).into())
    }
}

impl fmt::Display for UserHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Something else than 40 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the hash of a user")]
pub struct InvalidUserHash;

impl FromStr for UserHash {
    type Err = InvalidUserHash;

    fn from_str(text: &str) -> Result<Self, InvalidUserHash> {
        let mut hash = [0; 20];
        hex::decode_to_slice(text, &mut hash).map(|()| Self(hash)).map_err(|_| InvalidUserHash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_folds_and_nothing_else() {
        assert_eq!(as_ejabberd_writes("Alice").unwrap().as_str(), "alice");
        assert_eq!(as_ejabberd_writes("jörg").unwrap().as_str(), "jörg");
        for folding in ["straße", "\u{212a}elvin", "JÖRG", "\u{1d43}lice"] {
            assert_eq!(as_ejabberd_writes(folding), Err(LocalpartFault::Folds), "{folding}");
        }
        for malformed in ["a@b", "", "a b"] {
            assert_eq!(as_ejabberd_writes(malformed), Err(LocalpartFault::Malformed), "{malformed}");
        }
    }

    #[test]
    fn a_prepared_localpart_stays_as_it_is() {
        assert_eq!(parse_localpart("jörg").unwrap().as_str(), "jörg");
        for folding in ["Alice", "straße", "\u{1d43}lice"] {
            assert_eq!(parse_localpart(folding), Err(LocalpartFault::Folds), "{folding}");
        }
        assert_eq!(parse_localpart("a@b"), Err(LocalpartFault::Malformed));
    }

    #[test]
    fn user_hash_is_the_one_of_stock_ejabberd() {
        let alice = BareJid::new("alice@localhost").unwrap();
        let hash = UserHash::from(&alice);
        assert_eq!(hash.to_string(), "9637f279e87dc3aba7eb582ceceaa621fa695865");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for other in ["", "9637f279", "9637f279e87dc3aba7eb582ceceaa621fa69586x"] {
            assert_eq!(other.parse::<UserHash>(), Err(InvalidUserHash), "{other}");
        }
    }

    #[test]
    fn names_that_were_encoded_twice_are_read() {
        let twice = |name: &str| name.bytes().map(char::from).collect::<String>();
        for name in ["j\u{f6}rg", "\u{5e9}", "\u{4862}", "\u{1f600}", "alice"] {
            assert_eq!(encoded_once(&twice(name)), name, "{name}");
        }
        for name in ["alice", "j\u{f6}rg", "\u{e3}\u{a9}x\u{100}", "\u{5e9}"] {
            assert_eq!(encoded_once(name), name, "{name}");
        }
        assert_eq!(
            as_ejabberd_writes(&twice("\u{5e9}")),
            Err(LocalpartFault::Folds),
            "nobody owns such a name"
        );
    }
}
