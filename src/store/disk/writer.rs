//! The bytes of an object on their way into its file.

use std::io::{self, Write as _};
use std::num::NonZeroU64;

use rustix::fs::{Advice, fadvise};

use super::staging::Staged;
use super::trailer::Trailer;
use crate::store::NewObject;

/// So many bytes are sent to the disk at once while more come in, so that the sync in the end waits for the last ones only.
const STEP: NonZeroU64 = NonZeroU64::new(8 * 1024 * 1024).expect("not zero");

/// Writes an object and its trailer. Nothing is held back: what the sender sent is in the file.
#[derive(Debug)]
pub(super) struct Writer {
    staged: Staged,
    object: NewObject,
    written: u64,
    write_back: bool,
}

impl Writer {
    /// With `sync` the file will be synced when it is whole.
    pub(super) fn new(staged: Staged, object: NewObject, sync: bool) -> Self {
        Self { staged, object, written: 0, write_back: sync }
    }

    /// Appends bytes of the object, which have to be the object's in the end.
    pub(super) fn write(&mut self, data: &[u8]) -> io::Result<()> {
        let before = self.written;
        self.written += data.len() as u64;
        if self.written == self.object.size && !data.is_empty() {
            return self.write_end(data);
        }
        self.staged.file().write_all(data)?;
        if self.write_back {
            self.write_back_since(before);
        }
        Ok(())
    }

    /// The whole file.
    pub(super) fn finish(self) -> io::Result<Staged> {
        if self.object.size == 0 {
            self.write_end(&[])?;
        }
        Ok(self.staged)
    }

    /// The last bytes and the trailer in one write, which for a small file is the only one.
    fn write_end(&self, data: &[u8]) -> io::Result<()> {
        let trailer = Trailer::new(&self.object).encode(self.object.size);
        self.staged.file().write_all(&[data, &trailer].concat())
    }

    /// The pages stay in memory for whoever fetches the file soon: a page that still has to be written is not dropped.
    fn write_back_since(&self, before: u64) {
        let done = self.written / STEP;
        if done > before / STEP {
            // Advice; a file system may not take it.
            let _ = fadvise(self.staged.file(), (done - 1) * STEP.get(), Some(STEP), Advice::DontNeed);
        }
    }
}
