//! In what the servers differ.

use std::path::Path;

use crate::types::{BareJid, ObjectPath, UserHash, Vhost, parse_localpart};

/// Whose folder it is. In each the path of a file is that of its URL, and its type what its name's extension says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// ejabberd's own: `<hash of the user>/<random>/<name>`, with `jid_in_url: node` `<user>/<random>/<name>`; thumbnails lie beside their pictures.
    ModHttpUpload,
    /// prosody-filer: whatever path its XMPP server signed.
    ProsodyFiler,
    /// hmac-file-server: the same, with thumbnails and some folders of its own.
    HmacFileServer,
}

/// What hmac-file-server puts behind the name of a picture, without its extension.
const THUMBNAIL: &str = ".thumb.jpg";

impl Peer {
    /// Whether a folder directly below the root holds what the server needs for itself: uploads in parts, a database.
    pub(super) fn is_internal(self, name: &str) -> bool {
        self == Self::HmacFileServer && name.starts_with('.')
    }

    /// Whether a file is a thumbnail that has no URL of its own: there is another file whose name begins the same.
    pub(super) fn is_thumbnail(self, file: &Path) -> bool {
        let stem = file.file_name().and_then(|name| name.to_str()?.strip_suffix(THUMBNAIL));
        let Some(stem) = stem.filter(|_| self == Self::HmacFileServer) else { return false };
        let beside = file.parent().and_then(|folder| folder.read_dir().ok()).into_iter().flatten().flatten();
        beside
            .map(|entry| entry.path())
            .any(|path| path != file && path.file_stem().is_some_and(|other| other == stem))
    }

    /// The user whom the path of a file names otherwise than by his hash.
    pub(super) fn user(self, vhost: &Vhost, path: &ObjectPath) -> Option<UserHash> {
        let first = path.owner().filter(|_| self == Self::ModHttpUpload)?;
        if first.parse::<UserHash>().is_ok() {
            return None;
        }
        let user = parse_localpart(first).ok()?;
        Some(UserHash::from(&BareJid::from_parts(Some(&user), vhost)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::parse_vhost;

    #[test]
    fn a_path_names_its_user_only_with_ejabberd_and_only_if_it_is_not_his_hash() {
        let vhost = parse_vhost("localhost").unwrap();
        let alice = UserHash::from(&BareJid::new("alice@localhost").unwrap());
        let user = |peer: Peer, path: &str| peer.user(&vhost, &ObjectPath::parse(path).unwrap());
        assert_eq!(user(Peer::ModHttpUpload, "alice/random/name"), Some(alice));
        assert_eq!(user(Peer::ModHttpUpload, &format!("{alice}/random/name")), None);
        for nobody in ["Alice/random/name", "a b/random/name", "alice/name"] {
            assert_eq!(user(Peer::ModHttpUpload, nobody), None, "{nobody}");
        }
        for peer in [Peer::ProsodyFiler, Peer::HmacFileServer] {
            assert_eq!(user(peer, "alice/random/name"), None, "{peer:?}");
        }
    }
}
