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
        let entries = match fs::read_dir(self.root.join(folder)) {
            Err(missing) if is_missing(&missing) => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut keys = Vec::new();
        for entry in entries {
            let entry = entry?;
            // Names that are not UTF-8 are not ours.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
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
