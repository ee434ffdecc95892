//! What the system answered, told so that the operator knows what to do.

use std::io::{Error, ErrorKind};
use std::path::Path;

use crate::store::{ObjectKey, StoreError};

/// What went wrong with a folder of the store.
pub(super) fn at(action: &'static str, folder: &Path) -> impl Fn(Error) -> StoreError {
    move |source| StoreError::Disk {
        action,
        place: folder.display().to_string(),
        source: advised(source).into(),
    }
}

/// What went wrong with an object.
pub(super) fn of(action: &'static str, key: &ObjectKey) -> impl Fn(Error) -> StoreError {
    move |source| StoreError::Disk { action, place: key.redacted(), source: source.into() }
}

/// No such file, or a file where a folder would have to be.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The same error, with what to do about it.
fn advised(error: Error) -> Error {
    let advice = match error.kind() {
        ErrorKind::NotFound => {
            "mount its volume or put the folder back; the service does not make it anew, because an empty mount point must not take files"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "mount its volume for writing; a file system with errors turns read-only by itself, the kernel's log says why"
        }
        ErrorKind::PermissionDenied => "the folder and all in it have to belong to the service's user",
        _ => return error,
    };
    Error::new(error.kind(), format!("{error}; {advice}"))
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    fn told(errno: Errno) -> StoreError {
        at("make a file in", Path::new("/srv/store/staging"))(errno.into())
    }

    #[test]
    fn no_room_is_told_from_other_trouble() {
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG] {
            assert!(told(errno).is_full(), "{errno}");
        }
        for errno in [Errno::IO, Errno::ROFS, Errno::ACCESS, Errno::NOENT, Errno::STALE] {
            assert!(!told(errno).is_full(), "{errno}");
        }
    }

    #[test]
    fn the_operator_hears_what_to_do() {
        for (errno, advice) in [
            (Errno::NOENT, "mount its volume"),
            (Errno::ROFS, "for writing"),
            (Errno::ACCESS, "belong to the service's user"),
        ] {
            let text = told(errno).to_string();
            assert!(
                text.starts_with("make a file in /srv/store/staging: ") && text.contains(advice),
                "{text}"
            );
        }
    }
}
