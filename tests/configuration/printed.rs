//! `config print` knows the same defaults.

use std::fs;

use ejabberd_sidecar::config::{Environment, effective};
use tempfile::TempDir;
use toml::{Table, Value};

use crate::options::{Step, sections};
use crate::{DISK, S3, VHOST, default_of, least};

fn printed(store: &str) -> Table {
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    fs::write(&file, least(store).to_string()).expect("writable");
    let text = effective(Some(&file), &Environment::default()).expect("a good configuration");
    text.parse().expect("TOML")
}

fn at<'table>(table: &'table Table, path: &[Step], name: &str) -> Option<&'table Value> {
    let section = path.iter().try_fold(table, |table, step| match step {
        Step::Key(name) => table.get(name)?.as_table(),
        Step::Vhost => table.get(VHOST)?.as_table(),
        Step::First(name) => table.get(name)?.get(0)?.as_table(),
    });
    section?.get(name)
}

#[test]
fn each_default_is_printed() {
    let both = [DISK, S3].map(printed);
    let mut found = 0;
    for known in sections() {
        // What a vhost does not say of its own is printed where it is said for all.
        let Some(place) = known.places.iter().min_by_key(|place| place.contains(&Step::Vhost)) else {
            continue;
        };
        for setting in &known.settings {
            let Some(value) = default_of(setting) else { continue };
            let printed = both.iter().any(|table| at(table, place, &setting.name) == Some(&value));
            assert!(printed, "{place:?}.{}: {value} is missing in src/config/effective.rs", setting.name);
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}
