//! A folder as a place from which objects are copied.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use rustix::fs::OFlags;

use super::Peer;
use crate::store::{Lifetime, Object, ObjectBody, ObjectInfo, ObjectKey, Store, StoreError};
use crate::types::{ContentType, ObjectPath, Vhost, since_1970};
use crate::upload::note_arrival;

/// Read at once.
const CHUNK_BYTES: u64 = 256 * 1024;

/// A folder of another file server, whose files become those of a vhost.
#[derive(Debug)]
pub struct PeerFolder {
    /// Without links.
    pub(super) root: PathBuf,
    pub(super) peer: Peer,
    pub(super) vhost: Vhost,
    pub(super) terms: Terms,
}

/// Which files are taken, by when they were changed for the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Those which were changed less than so long ago may still be on their way, and are for the next time.
    pub settled: Duration,
    /// They are kept so long from then; `None` for ever. Those whose time is over are not taken.
    pub keep: Option<Duration>,
}

impl Terms {
    /// Until when a file is kept that was changed at `modified`, in seconds since 1970; `None` for ever.
    pub(super) fn deadline(self, modified: SystemTime) -> Option<u64> {
        let modified = since_1970(modified);
        Some(modified.saturating_add(self.keep?).as_secs())
    }
}

impl PeerFolder {
    /// The folder `root` of `peer`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence.
    pub fn open(root: &Path, peer: Peer, vhost: Vhost, terms: Terms) -> Result<Self, String> {
        let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", root.display());
        let root = root.canonicalize().map_err(|error| problem(&error))?;
        root.read_dir().map_err(|error| problem(&error))?;
        Ok(Self { root, peer, vhost, terms })
    }

    /// The file under `key`, `None` if there is none any more.
    pub(in crate::transfer) fn get(&self, key: &ObjectKey) -> Result<Option<Object>, StoreError> {
        let Some(path) = self.path(key) else { return Ok(None) };
        match self.open_within(&self.root.join(path)) {
            Ok((file, metadata)) => self.object(file, &metadata, path).map(Some).map_err(unreadable(key)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(key)(error)),
        }
    }

    /// What leads from his hash to the file of a user whom its path names otherwise.
    pub(in crate::transfer) fn pointer(&self, key: &ObjectKey, size: u64) -> Option<ObjectKey> {
        let path = ObjectPath::from_decoded(self.path(key)?).ok()?;
        let user = self.peer.user(&self.vhost, &path)?;
        Some(ObjectKey::pointer(&self.vhost, user, size, &path))
    }

    /// Notes in `to` what a file's user and its end are found by.
    pub(in crate::transfer) async fn note(
        &self,
        to: &Store,
        key: &ObjectKey,
        info: &ObjectInfo,
    ) -> Result<(), StoreError> {
        let Some(Ok(path)) = self.path(key).map(ObjectPath::from_decoded) else { return Ok(()) };
        let owner = self.peer.user(&self.vhost, &path).map(|user| (user, info.size));
        note_arrival(to, &self.vhost, &path, owner, info.life.keep_until).await
    }

    fn object(&self, file: File, metadata: &Metadata, path: &str) -> io::Result<Object> {
        let modified = metadata.modified()?;
        let info = ObjectInfo {
            size: metadata.len(),
            content_type: content_type(path),
            etag: "\"\"".to_owned(),
            modified,
            life: Lifetime { keep_until: self.terms.deadline(modified), ..Lifetime::default() },
            uploader: None,
        };
        Ok(Object { body: body(file, info.size), info })
    }

    fn path<'k>(&self, key: &'k ObjectKey) -> Option<&'k str> {
        key.path_at(&self.vhost)
    }

    /// Opens a file, and no link that leads out of the folder, nor anything that is no file.
    pub(super) fn open_within(&self, path: &Path) -> io::Result<(File, Metadata)> {
        let path = path.canonicalize()?;
        if !path.starts_with(&self.root) {
            return Err(io::Error::other("is a link that leads out of the folder"));
        }
        if !path.symlink_metadata()?.is_file() {
            return Err(io::Error::other("is no file"));
        }
        let no_link = OFlags::NOFOLLOW.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(no_link).open(path)?;
        let metadata = file.metadata()?;
        Ok((file, metadata))
    }
}

/// Voice messages, whose types the table of the library does not have, or not as all servers and browsers have them.
const VOICE: [(&str, &str); 2] = [("m4a", "audio/mp4"), ("amr", "audio/amr")];

/// What the extension says, as the servers themselves go by it.
fn content_type(path: &str) -> ContentType {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    let voice =
        VOICE.iter().find(|(name, _)| extension.is_some_and(|given| given.eq_ignore_ascii_case(name)));
    let guessed = voice.map(|(_, voice)| *voice).or_else(|| mime_guess::from_path(path).first_raw());
    guessed.and_then(|guessed| ContentType::parse(guessed).ok()).unwrap_or_else(ContentType::unknown)
}

/// The first `size` bytes of a file, piece by piece.
fn body(file: File, size: u64) -> ObjectBody {
    let mut file = file.take(size);
    let chunks = std::iter::from_fn(move || {
        let mut chunk = Vec::new();
        match file.by_ref().take(CHUNK_BYTES).read_to_end(&mut chunk) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Frame::data(Bytes::from(chunk)))),
            Err(source) => Some(Err(StoreError::Disk {
                action: "read",
                place: "the file".to_owned(),
                source: source.into(),
            })),
        }
    });
    StreamBody::new(stream::iter(chunks)).boxed_unsync()
}

fn unreadable(key: &ObjectKey) -> impl Fn(io::Error) -> StoreError {
    move |source| StoreError::Disk { action: "open", place: key.redacted(), source: source.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_that_the_servers_tell() {
        for (name, told) in [
            ("a/b/photo.JPG", "image/jpeg"),
            ("a/b/voice.M4A", "audio/mp4"),
            ("a/b/voice.amr", "audio/amr"),
            ("a/b/page.html", "text/html"),
            ("a.png/b/name", "application/octet-stream"),
            ("a/b/.png", "application/octet-stream"),
            ("a/b/name.", "application/octet-stream"),
            ("a/b/name.xyzzy", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name).as_str(), told, "{name}");
        }
    }

    #[test]
    fn a_file_ends_so_long_after_it_was_changed() {
        let keeping = |keep| Terms { settled: Duration::ZERO, keep };
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(keeping(None).deadline(at(5)), None);
        assert_eq!(keeping(Some(Duration::from_secs(7))).deadline(at(5)), Some(12));
        assert_eq!(keeping(Some(Duration::MAX)).deadline(at(5)), Some(u64::MAX));
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(keeping(Some(Duration::from_secs(7))).deadline(before), Some(7));
    }
}
