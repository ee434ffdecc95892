//! Parts of a JID, in the form in which ejabberd hands them over.
//!
//! The [`jid`] crate does the stringprep of RFC 6122, which is what ejabberd applies too.

use sha1::{Digest, Sha1};

pub use jid::BareJid;
/// A domain that ejabberd serves.
pub use jid::DomainPart as Vhost;
/// The part of a JID before the `@`, prepared as ejabberd prepares it.
pub use jid::NodePart as Localpart;

/// A localpart that names another account than its spelling suggests.
///
/// Two accounts of an identity provider, such as `straße` and `strasse`, would become one JID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the localpart changes by more than the case of ASCII letters when it is prepared as a JID")]
pub struct UnexpectedFold;

/// Prepares a localpart as ejabberd does, and refuses it where more than ASCII case changed.
///
/// # Errors
///
/// [`UnexpectedFold`] if `raw` is no localpart at all, or folds into one that is spelled otherwise.
pub fn as_ejabberd_writes(raw: &str) -> Result<Localpart, UnexpectedFold> {
    let prepared = Localpart::new(raw).map_err(|_| UnexpectedFold)?;
    if prepared.as_str() != raw.to_ascii_lowercase() {
        return Err(UnexpectedFold);
    }
    Ok(prepared.into_owned())
}

/// Parses the name of a vhost, `None` if it is not one.
#[must_use]
pub fn parse_vhost(raw: &str) -> Option<Vhost> {
    Vhost::new(raw).ok().map(std::borrow::Cow::into_owned)
}

/// The folder of a user's uploads: lower-case hex SHA-1 of the bare JID, as `mod_http_upload` makes it
/// with `jid_in_url: sha1`.
#[must_use]
pub fn user_hash(user: &BareJid) -> String {
    hex::encode(Sha1::digest(user.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_folds_and_nothing_else() {
        assert_eq!(as_ejabberd_writes("Alice").unwrap().as_str(), "alice");
        assert_eq!(as_ejabberd_writes("jörg").unwrap().as_str(), "jörg");
        for surprising in ["straße", "\u{212a}elvin", "a@b", "", "a b", "JÖRG"] {
            assert_eq!(as_ejabberd_writes(surprising), Err(UnexpectedFold), "{surprising}");
        }
    }

    #[test]
    fn user_hash_is_the_one_of_stock_ejabberd() {
        let alice = BareJid::new("alice@localhost").unwrap();
        assert_eq!(user_hash(&alice), "9637f279e87dc3aba7eb582ceceaa621fa695865");
    }
}
