//! `users_file`: users who exist whether or not they ever logged in.

use std::collections::HashSet;
use std::path::PathBuf;

use super::ConfigError;
use super::watched::WatchedFile;
use crate::types::{BareJid, Localpart, Vhost};

/// A list of localparts and bare JIDs, one a line. Those of other vhosts are left out, so that several may share a file; lines that
/// begin with `#` are comments.
#[derive(Debug)]
pub struct UsersFile {
    file: WatchedFile,
    vhost: Vhost,
    users: HashSet<Localpart>,
}

impl UsersFile {
    pub(super) fn open(key: &str, path: PathBuf, vhost: &Vhost) -> Result<Self, ConfigError> {
        let mut file = WatchedFile::new(path);
        let users = parse(&file.read(key)?, vhost).map_err(|problem| ConfigError::at(key, problem))?;
        Ok(Self { file, vhost: vhost.clone(), users })
    }

    /// The users of the vhost.
    #[must_use]
    pub fn users(&self) -> &HashSet<Localpart> {
        &self.users
    }

    /// The file itself.
    #[must_use]
    pub fn file(&self) -> &WatchedFile {
        &self.file
    }

    /// Whose users it lists here.
    #[must_use]
    pub fn vhost(&self) -> &Vhost {
        &self.vhost
    }

    /// The users it lists now, or what is wrong with it, if it changed.
    pub fn changed(&mut self) -> Option<Result<HashSet<Localpart>, String>> {
        let bytes = self.file.changed()?.map_err(|error| error.to_string());
        Some(bytes.and_then(|bytes| parse(&bytes, &self.vhost)))
    }
}

fn parse(bytes: &[u8], vhost: &Vhost) -> Result<HashSet<Localpart>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let mut users = HashSet::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let user = parse_user(line, vhost);
        let user = user.ok_or_else(|| format!("line {} is neither a localpart nor a bare JID", at + 1))?;
        let of_vhost = user.domain().as_str() == vhost.as_str();
        users.extend(user.node().filter(|_| of_vhost).map(ToOwned::to_owned));
    }
    Ok(users)
}

fn parse_user(line: &str, vhost: &Vhost) -> Option<BareJid> {
    if line.contains('@') {
        return BareJid::new(line).ok().filter(|jid| jid.node().is_some());
    }
    Localpart::new(line).ok().map(|user| BareJid::from_parts(Some(&user), vhost))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::types::parse_vhost;

    #[test]
    fn lists_the_users_of_a_vhost_and_follows_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        let vhost = parse_vhost("example.org").unwrap();
        fs::write(&path, "# staff\nAlice\nbob@example.org\n\ncarol@example.com\n").unwrap();
        let mut file = UsersFile::open("auth.users_file", path.clone(), &vhost).unwrap();
        let names = |users: &HashSet<Localpart>| {
            let mut names: Vec<_> = users.iter().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(names(file.users()), ["alice", "bob"]);
        assert!(file.changed().is_none());
        fs::write(&path, "dave").unwrap();
        assert!(file.changed().is_none());
        assert_eq!(names(&file.changed().unwrap().unwrap()), ["dave"]);
        fs::write(&path, "dave\na b").unwrap();
        assert!(file.changed().is_none());
        let problem = file.changed().unwrap().unwrap_err();
        assert!(problem.ends_with("line 2 is neither a localpart nor a bare JID"), "{problem}");
    }

    #[test]
    fn a_bad_list_is_refused_by_its_line() {
        let vhost = parse_vhost("example.org").unwrap();
        for bad in ["a b", "@example.org", "alice@example.org/phone", "alice@@example.org"] {
            assert!(parse(bad.as_bytes(), &vhost).is_err(), "{bad}");
        }
        assert!(parse(b"\xff", &vhost).is_err());
    }
}
