//! What holds for one vhost: the general options, `host_config` over them, `append_host_config` added.

use super::node::{Entry, Node, Place, Value};

/// Options of vhosts. There may be several of each, which all count.
pub(super) const SECTIONS: [&str; 2] = ["host_config", "append_host_config"];

/// The options of one vhost.
#[derive(Debug, Clone)]
pub struct HostView {
    /// Its name as ejabberd has it.
    pub name: String,
    /// Where it is named.
    pub place: Place,
    options: Vec<Entry>,
}

impl HostView {
    pub(super) fn new(name: String, place: Place, options: &[Entry]) -> Self {
        let mut own: Vec<_> =
            options.iter().filter(|entry| !SECTIONS.contains(&entry.key.as_str())).cloned().collect();
        for entry in of_host(options, "host_config", &name) {
            match own.iter_mut().find(|other| other.key == entry.key) {
                Some(general) => *general = entry.clone(),
                None => own.push(entry.clone()),
            }
        }
        for entry in of_host(options, "append_host_config", &name) {
            match own.iter_mut().find(|other| other.key == entry.key) {
                Some(general) => append(&mut general.value, &entry.value),
                None => own.push(entry.clone()),
            }
        }
        Self { name, place, options: own }
    }

    /// An option.
    #[must_use]
    pub fn option(&self, key: &str) -> Option<&Entry> {
        self.options.iter().find(|entry| entry.key == key)
    }

    /// Where to write what is missing: beside the first of `keys` that is there, or where the vhost is named.
    #[must_use]
    pub fn near(&self, keys: &[&str]) -> Place {
        let found = keys.iter().find_map(|key| self.option(key));
        found.map_or_else(|| self.place.clone(), |entry| entry.place.clone())
    }

    /// A module, if the vhost has it.
    #[must_use]
    pub fn module(&self, name: &str) -> Option<&Entry> {
        self.option("modules")?.value.entry(name)
    }
}

fn of_host<'options>(options: &'options [Entry], key: &str, host: &str) -> Vec<&'options Entry> {
    let sections = options.iter().filter(|entry| entry.key == key);
    let ours =
        sections.flat_map(|section| section.value.entries()).filter(|entry| same_host(&entry.key, host));
    ours.flat_map(|entry| entry.value.entries()).collect()
}

/// ejabberd folds the names of vhosts.
pub(super) fn same_host(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Lists get longer, maps get more options, whose new values count; anything else is replaced.
pub(super) fn append(general: &mut Node, more: &Node) {
    match (&mut general.value, &more.value) {
        (Value::List(items), _) => items.extend_from_slice(more.items()),
        (Value::Map(entries), Value::Map(more)) => {
            for entry in more {
                match entries.iter_mut().find(|other| other.key == entry.key) {
                    Some(other) => *other = entry.clone(),
                    None => entries.push(entry.clone()),
                }
            }
        }
        _ => *general = more.clone(),
    }
}
