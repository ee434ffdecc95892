//! Walks a folder as an object store lists: in the order of the keys, beginning behind one, and as far as is wanted.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::is_missing;
use crate::store::ObjectKey;

pub(super) struct Listing<'listing, Each> {
    pub(super) root: &'listing Path,
    /// Only what comes after this key.
    pub(super) after: &'listing str,
    pub(super) each: &'listing mut Each,
}

impl<Each: FnMut(ObjectKey) -> ControlFlow<()>> Listing<'_, Each> {
    /// Walks `folder`, which is empty or ends in a slash.
    pub(super) fn walk(&mut self, folder: &str) -> io::Result<ControlFlow<()>> {
        for key in self.entries(folder)? {
            let further = if key.ends_with('/') { self.walk(&key)? } else { (self.each)(ObjectKey(key)) };
            if further.is_break() {
                return Ok(further);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The keys in `folder`, folders with a slash behind them: with it they sort as what lies in them does.
    fn entries(&self, folder: &str) -> io::Result<Vec<String>> {
        let failed = |error: io::Error| about(&ObjectKey(folder.to_owned()), &error);
        let entries = match fs::read_dir(self.root.join(folder)) {
            Err(missing) if is_missing(&missing) => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            // Names that are not UTF-8 are not ours.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let is_folder = match entry.file_type() {
                // Removed a moment ago, where the file system has to look.
                Err(missing) if is_missing(&missing) => continue,
                kind => kind.map_err(failed)?.is_dir(),
            };
            let slash = if is_folder { "/" } else { "" };
            let key = format!("{folder}{name}{slash}");
            let leads_to_after = !slash.is_empty() && self.after.starts_with(&key);
            if leads_to_after || key.as_str() > self.after {
                keys.push(key);
            }
        }
        keys.sort_unstable();
        Ok(keys)
    }
}

/// The same error, with the place in the store where it came up.
pub(super) fn about(key: &ObjectKey, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", key.redacted()))
}
