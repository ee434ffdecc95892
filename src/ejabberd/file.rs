//! `ejabberd.yml` as a whole.

use std::path::Path;

use super::hosts::{HostView, SECTIONS, append, same_host};
use super::includes;
use super::macros::{self, Named, Resolved};
use super::node::{Entry, Node, Place, Value};
use super::yaml::YamlError;

/// ejabberd's configuration, with includes and macros written out.
#[derive(Debug, Clone)]
pub struct Ejabberd {
    /// The file that was read first.
    pub file: Place,
    /// What looks like a macro and is none.
    pub undefined: Vec<Named>,
    /// Included files that ejabberd looks for in its working directory.
    pub relative: Vec<String>,
    /// Values that a macro was filled into as `@NAME@`, by the names.
    pub filled_in: Vec<Named>,
    /// Options that stand twice where ejabberd takes one.
    pub twice: Vec<Twice>,
    options: Vec<Entry>,
}

/// An option that stands twice.
#[derive(Debug, Clone)]
pub struct Twice {
    /// Its name.
    pub name: String,
    /// Where it stands first.
    pub first: Place,
    /// Where it stands again.
    pub again: Place,
}

/// Reads `file` and what it includes.
///
/// # Errors
///
/// [`YamlError`] for what ejabberd could not read either.
pub fn read(file: &Path) -> Result<Ejabberd, YamlError> {
    let (mut relative, mut twice) = (Vec::new(), Vec::new());
    let Resolved { options: resolved, undefined, filled_in } =
        macros::resolve(includes::options(file, None, &[], &mut relative)?)?;
    let mut options: Vec<Entry> = Vec::new();
    for entry in resolved {
        let of_hosts = SECTIONS.contains(&entry.key.as_str());
        match options.iter_mut().find(|other| other.key == entry.key && !of_hosts) {
            Some(other) => {
                // Lists and maps are joined, and nothing else.
                if other.value.text().is_some() || entry.value.text().is_some() {
                    let (first, again) = (other.place.clone(), entry.place.clone());
                    twice.push(Twice { name: entry.key.clone(), first, again });
                }
                join(&mut other.value, &entry.value);
            }
            None => options.push(entry),
        }
    }
    for option in &options {
        twice_within(option, &mut twice);
    }
    Ok(Ejabberd { file: Place::of_file(file), undefined, relative, filled_in, twice, options })
}

/// Members of one name are kept, so that they are seen.
fn join(value: &mut Node, more: &Node) {
    match (&mut value.value, &more.value) {
        (Value::Map(entries), Value::Map(more)) => entries.extend_from_slice(more),
        _ => append(value, more),
    }
}

/// Names that stand twice in a list of names, in a listener, in a module.
fn twice_within(option: &Entry, twice: &mut Vec<Twice>) {
    match option.key.as_str() {
        "acl" | "access_rules" | "api_permissions" | "shaper" | "shaper_rules" => {
            names_twice(&option.value, twice);
        }
        "listen" => option.value.items().iter().for_each(|listener| names_twice(listener, twice)),
        "modules" => {
            names_twice(&option.value, twice);
            option.value.entries().for_each(|module| names_twice(&module.value, twice));
        }
        "host_config" | "append_host_config" => {
            for host in option.value.entries() {
                host.value.entries().for_each(|option| twice_within(option, twice));
            }
        }
        _ => {}
    }
}

fn names_twice(map: &Node, twice: &mut Vec<Twice>) {
    let entries: Vec<_> = map.entries().collect();
    for (at, entry) in entries.iter().enumerate() {
        if let Some(first) = entries[..at].iter().find(|other| other.key == entry.key) {
            let (first, again) = (first.place.clone(), entry.place.clone());
            twice.push(Twice { name: entry.key.clone(), first, again });
        }
    }
}

impl Ejabberd {
    /// A general option.
    #[must_use]
    pub fn option(&self, key: &str) -> Option<&Entry> {
        self.options.iter().find(|entry| entry.key == key)
    }

    /// All of them.
    pub(super) fn options(&self) -> impl Iterator<Item = &Entry> {
        self.options.iter()
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
