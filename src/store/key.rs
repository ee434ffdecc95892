//! What objects are called.

use crate::types::{ObjectPath, UserHash, Vhost};

/// The name of an object, the same in every backend: `files/<vhost>/<path>`, `users/<entry>`, `tombs/<user>`, `expiring/<hour>/<entry>`,
/// `pointers/<vhost>/<user>/<size>/<path>`, and in a bucket `claims/<hash>/<claim>`, `probe/<number>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(pub(super) String);

/// What the names of some objects begin with, up to a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPrefix(pub(super) String);

impl ObjectPrefix {
    /// The files of one user.
    #[must_use]
    pub fn files_of(vhost: &Vhost, owner: UserHash) -> Self {
        Self(format!("files/{vhost}/{owner}/"))
    }

    /// The files of a vhost.
    #[must_use]
    pub fn files_at(vhost: &Vhost) -> Self {
        Self(format!("files/{vhost}/"))
    }

    /// What tells of files of one user that do not lie below [`ObjectPrefix::files_of`] him.
    #[must_use]
    pub fn pointers_of(vhost: &Vhost, owner: UserHash) -> Self {
        Self(format!("pointers/{vhost}/{owner}/"))
    }

    /// What tells of files that will not be kept for ever, the first one first.
    #[must_use]
    pub fn expiring() -> Self {
        Self("expiring/".to_owned())
    }

    /// The entries of the registry of users.
    #[must_use]
    pub fn users() -> Self {
        Self("users/".to_owned())
    }

    /// What says which users were erased.
    #[must_use]
    pub fn tombs() -> Self {
        Self("tombs/".to_owned())
    }

    /// All uploaded files.
    #[must_use]
    pub fn files() -> Self {
        Self("files/".to_owned())
    }

    /// All that tells of files which do not lie below their user.
    #[must_use]
    pub fn pointers() -> Self {
        Self("pointers/".to_owned())
    }

    /// All of a store that is to last, in an order in which it can be brought to where a service is at work: what says who is erased, and whose a file is,
    /// before the files; and behind them what says when they are to go, because a sweep throws away what leads to no file.
    #[must_use]
    pub fn everything() -> [Self; 6] {
        let revoked = Self("revoked/".to_owned());
        [Self::tombs(), Self::users(), revoked, Self::pointers(), Self::files(), Self::expiring()]
    }
}

impl ObjectKey {
    /// The key of an uploaded file.
    #[must_use]
    pub fn file(vhost: &Vhost, path: &ObjectPath) -> Self {
        Self(format!("files/{vhost}/{path}"))
    }

    /// The key of an entry in the registry of users. Its parts are no file names of strangers.
    #[must_use]
    pub fn user_entry(entry: &str) -> Self {
        Self(format!("users/{entry}"))
    }

    /// The key of what says that a user was erased, and his slots with him.
    #[must_use]
    pub fn tomb(user: UserHash) -> Self {
        Self(format!("tombs/{user}"))
    }

    /// The key of what says when a file is to go: `hour` orders it, and `entry` is no file name of a stranger.
    #[must_use]
    pub fn expiring(hour: &str, entry: &str) -> Self {
        Self(format!("expiring/{hour}/{entry}"))
    }

    /// The key of what says that `owner` has a file of `size` bytes at `path`, which does not name him.
    #[must_use]
    pub fn pointer(vhost: &Vhost, owner: UserHash, size: u64, path: &ObjectPath) -> Self {
        Self(format!("pointers/{vhost}/{owner}/{size}/{path}"))
    }

    /// For an uploaded file of `vhost`, its path.
    #[must_use]
    pub fn path_at(&self, vhost: &Vhost) -> Option<&str> {
        self.0.strip_prefix("files/")?.strip_prefix(vhost.as_str())?.strip_prefix('/')
    }

    /// For a pointer, the key of its file and the file's size.
    #[must_use]
    pub fn pointed(&self) -> Option<(Self, u64)> {
        let (vhost, rest) = self.0.strip_prefix("pointers/")?.split_once('/')?;
        let (size, path) = rest.split_once('/')?.1.split_once('/')?;
        Some((Self(format!("files/{vhost}/{path}")), size.parse().ok()?))
    }

    /// Whether it says that a user was erased.
    #[must_use]
    pub fn is_tomb(&self) -> bool {
        self.0.starts_with("tombs/")
    }

    /// Whose file it is, or who is erased, as far as the key tells that.
    #[must_use]
    pub fn owner(&self) -> Option<UserHash> {
        let (kind, rest) = self.0.split_once('/')?;
        match kind {
            "tombs" => rest.parse().ok(),
            "files" | "pointers" => rest.split('/').nth(1)?.parse().ok(),
            _ => None,
        }
    }

    /// The key for a log: enough to find the object, too little to fetch it, since whoever knows its path may read it.
    #[must_use]
    pub fn redacted(&self) -> String {
        if !self.0.starts_with("files/") && !self.0.starts_with("pointers/") {
            return self.0.clone();
        }
        let (folder, _name) = self.0.rsplit_once('/').unwrap_or_default();
        let (owner, random) = folder.rsplit_once('/').unwrap_or_default();
        let begin: String = random.chars().take(6).collect();
        format!("{owner}/{begin}…")
    }

    /// The key as a relative path with slashes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
