//! `ejabberd.yml` as a whole.

use std::path::Path;

use super::hosts::{HostView, SECTIONS, append, same_host};
use super::includes;
use super::macros::{self, Undefined};
use super::node::{Entry, Node, Place};
use super::yaml::YamlError;

/// ejabberd's configuration, with includes and macros written out.
#[derive(Debug, Clone)]
pub struct Ejabberd {
    /// The file that was read first.
    pub file: Place,
    /// What looks like a macro and is none.
    pub undefined: Vec<Undefined>,
    options: Vec<Entry>,
}

/// Reads `file` and what it includes.
///
/// # Errors
///
/// [`YamlError`] for what ejabberd could not read either.
pub fn read(file: &Path) -> Result<Ejabberd, YamlError> {
    let (resolved, undefined) = macros::resolve(includes::options(file, None, &[])?)?;
    let mut options: Vec<Entry> = Vec::new();
    for entry in resolved {
        let of_hosts = SECTIONS.contains(&entry.key.as_str());
        match options.iter_mut().find(|other| other.key == entry.key && !of_hosts) {
            Some(other) => append(&mut other.value, &entry.value),
            None => options.push(entry),
        }
    }
    Ok(Ejabberd { file: Place::of_file(file), undefined, options })
}

impl Ejabberd {
    /// A general option.
    #[must_use]
    pub fn option(&self, key: &str) -> Option<&Entry> {
        self.options.iter().find(|entry| entry.key == key)
    }

    /// The listeners.
    #[must_use]
    pub fn listeners(&self) -> &[Node] {
        self.option("listen").map(|listen| listen.value.items()).unwrap_or_default()
    }

    /// The names of all vhosts.
    #[must_use]
    pub fn hosts(&self) -> &[Node] {
        self.option("hosts").map(|hosts| hosts.value.items()).unwrap_or_default()
    }

    /// A vhost with what holds for it, if there is one of that name.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<HostView> {
        let named = self.hosts().iter().find(|host| host.text().is_some_and(|text| same_host(text, name)))?;
        Some(HostView::new(name.to_owned(), named.place.clone(), &self.options))
    }
}
