//! Where a file of a user lies, and what he calls it by.

use crate::login::TokenUser;
use crate::store::ObjectKey;
use crate::types::{ObjectPath, PathError, UserHash};

/// What a user calls a file of his: `<random>/<filename>`, whether or not his hash comes before it in the file's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnName(ObjectPath);

impl OwnName {
    /// Parses what stands in a URL, percent-encoded.
    pub(super) fn parse(encoded: &str) -> Result<Self, PathError> {
        let path = ObjectPath::parse(encoded)?;
        if path.owner().is_some() { Err(PathError::Shape) } else { Ok(Self(path)) }
    }

    /// Of a file at `path`: without the user's hash.
    pub(super) fn of(path: &ObjectPath) -> Self {
        let own = path.owner().and_then(|owner| path.as_str().strip_prefix(owner)?.strip_prefix('/'));
        // Parts of a path are some without what comes before them.
        Self(own.and_then(|own| ObjectPath::from_decoded(own).ok()).unwrap_or_else(|| path.clone()))
    }

    /// Percent-encoded.
    pub(super) fn encoded(&self) -> String {
        self.0.encoded()
    }

    /// The path of a slot that names its user.
    pub(super) fn below(&self, owner: UserHash) -> Result<ObjectPath, PathError> {
        ObjectPath::parse(&format!("{owner}/{}", self.encoded()))
    }

    /// The path of a slot that does not.
    pub(super) fn alone(&self) -> &ObjectPath {
        &self.0
    }
}

/// A file that the store has listed for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// At a path that names him.
    Below(OwnName),
    /// At one that does not, to which a pointer leads that says how many bytes it has.
    Pointed(u64, OwnName),
}

impl Place {
    /// What a key leads to; `None` for what no slot could have made.
    pub(super) fn listed(key: &ObjectKey, user: &TokenUser) -> Option<Self> {
        let (file, pointed) = key.pointed().map_or((key.clone(), None), |(file, bytes)| (file, Some(bytes)));
        let path = ObjectPath::from_decoded(file.path_at(user.vhost())?).ok()?;
        match (pointed, path.owner()) {
            (Some(bytes), None) => Some(Self::Pointed(bytes, OwnName(path))),
            (None, Some(_)) => Some(Self::Below(OwnName::of(&path))),
            _ => None,
        }
    }

    pub(super) fn path(&self, user: &TokenUser) -> Result<ObjectPath, PathError> {
        match self {
            Self::Below(name) => name.below(user.hash()),
            Self::Pointed(_, name) => Ok(name.0.clone()),
        }
    }

    /// The key that the store has listed.
    pub(super) fn key(&self, user: &TokenUser) -> Result<ObjectKey, PathError> {
        let path = self.path(user)?;
        Ok(match self {
            Self::Below(_) => ObjectKey::file(user.vhost(), &path),
            Self::Pointed(bytes, _) => ObjectKey::pointer(user.vhost(), user.hash(), *bytes, &path),
        })
    }

    pub(super) fn name(&self) -> &OwnName {
        match self {
            Self::Below(name) | Self::Pointed(_, name) => name,
        }
    }

    /// As a list says where it goes on.
    pub(super) fn to_mark(&self) -> String {
        match self {
            Self::Below(name) => name.encoded(),
            Self::Pointed(bytes, name) => format!("{bytes}/{}", name.encoded()),
        }
    }

    /// `None` if no list has said so.
    pub(super) fn from_mark(mark: &str) -> Option<Self> {
        let path = ObjectPath::parse(mark).ok()?;
        let Some(bytes) = path.owner() else { return Some(Self::Below(OwnName(path))) };
        Some(Self::Pointed(bytes.parse().ok()?, OwnName::of(&path)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::uri_escaped;

    #[test]
    fn a_name_has_two_parts() {
        for (raw, name) in
            [("r/a%20b", Ok("r/a%20b")), ("r/%C3%A9", Ok("r/%C3%A9")), ("r/\u{e9}", Ok("r/%C3%A9"))]
        {
            assert_eq!(OwnName::parse(raw).map(|name| name.encoded()), name.map(str::to_owned), "{raw}");
        }
        for (raw, fault) in [
            ("", PathError::Shape),
            ("name", PathError::Shape),
            ("h/r/name", PathError::Shape),
            ("r/a%2Fb", PathError::Shape),
            ("r/..", PathError::Part),
            ("r/%2e%2e", PathError::Part),
            ("../name", PathError::Part),
            ("r/a%00", PathError::Part),
            ("r/%zz", PathError::Encoding),
        ] {
            assert_eq!(OwnName::parse(raw), Err(fault), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_mark_leads_back_to_its_place(random in "[^/\\\\\\pC]{1,40}", name in "[^/\\\\\\pC]{1,60}", bytes in any::<Option<u64>>()) {
            let parsed = OwnName::parse(&format!("{}/{}", uri_escaped(&random), uri_escaped(&name)));
            prop_assume!(parsed.is_ok());
            let name = parsed.unwrap();
            let place = bytes.map_or(Place::Below(name.clone()), |bytes| Place::Pointed(bytes, name.clone()));
            prop_assert_eq!(Place::from_mark(&place.to_mark()), Some(place));
        }

        #[test]
        fn no_mark_panics(mark in "\\PC{0,60}") {
            drop(Place::from_mark(&mark));
        }
    }
}
