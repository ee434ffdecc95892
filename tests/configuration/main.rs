//! `docs/configuration.md` is made of the types that read the configuration, and what it says of them is true: each option is there
//! and no other, and each default is what the service takes where nothing is said.
//!
//! `make docs` writes the page anew.

mod options;
mod page;
mod printed;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ejabberd_sidecar::config::{ConfigError, Environment, Settings};
use tempfile::TempDir;
use toml::{Table, Value};

use self::options::{Section, Setting, Step, sections};

const DISK: &str = "kind = 'disk'\npath = 'files'";
const S3: &str = "kind = 's3'\nbucket = 'b'\naccess_key_id = 'i'\nsecret_access_key = 's'";
const VHOST: &str = "a.org";

/// The least that can be said.
fn least(store: &str) -> Table {
    let issuer = "issuer = 'i'\nsecret = '0123456789abcdef0123456789abcdef'";
    let text = format!(
        "[upload]\nsecrets = ['shared with ejabberd']\n[store]\n{store}\n[[hosts.'{VHOST}'.issuers]]\n{issuer}\n"
    );
    text.parse().expect("TOML")
}

/// The section's table in `configuration`.
fn section<'table>(configuration: &'table mut Table, path: &[Step]) -> &'table mut Table {
    path.iter().fold(configuration, |table, step| {
        let name = match step {
            Step::Key(name) | Step::First(name) => name.as_str(),
            Step::Vhost => VHOST,
        };
        let value = table.entry(name).or_insert_with(|| Table::new().into());
        let value = if let Step::First(_) = step { &mut value[0] } else { value };
        value.as_table_mut().expect("a section")
    })
}

fn load(configuration: &Table, variables: &[(String, String)]) -> Result<String, ConfigError> {
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    fs::write(&file, configuration.to_string()).expect("writable");
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    let settings = Settings::load(Some(&file), &Environment::from_variables(variables))?;
    // Without what differs from run to run.
    Ok(format!("{settings:?}").replace(&folder.path().display().to_string(), ""))
}

fn default_of(setting: &Setting) -> Option<Value> {
    let text = setting.default.value()?;
    let table: Table =
        format!("v = {text}").parse().unwrap_or_else(|error| unreachable!("{}: {error}", setting.name));
    table.get("v").cloned()
}

/// Whether saying `value` changes nothing, with either kind of store: each has options of its own.
fn changes_nothing(change: impl Fn(&mut Table) -> Vec<(String, String)>) -> bool {
    [DISK, S3].into_iter().any(|store| {
        let mut said = least(store);
        let variables = change(&mut said);
        let plain = load(&least(store), &[]).expect("a good configuration");
        load(&said, &variables).is_ok_and(|settings| settings == plain)
    })
}

#[test]
fn each_default_is_what_counts_without_it() {
    let mut proven = 0;
    for known in sections() {
        for setting in &known.settings {
            let Some(value) = default_of(setting) else { continue };
            for place in &known.places {
                let said = |table: &mut Table| {
                    section(table, place).insert(setting.name.clone(), value.clone());
                    Vec::new()
                };
                assert!(changes_nothing(said), "{place:?}.{}: is not the default: {value}", setting.name);
                proven += 1;
            }
        }
    }
    assert!(proven > 30, "{proven}");
}

#[test]
fn each_default_can_be_said_in_the_environment() {
    for known in sections() {
        for setting in &known.settings {
            let (Some(variable), Some(value)) = (known.variable(setting), default_of(setting)) else {
                continue;
            };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let said = |_: &mut Table| vec![(variable.clone(), text.clone())];
            assert!(changes_nothing(said), "{variable}={text}");
        }
    }
}

/// What the reader of the configuration knows itself: it names its options when it refuses another one.
fn known_at(place: &[Step]) -> BTreeSet<String> {
    let mut configuration = least(DISK);
    section(&mut configuration, place).insert("no_such_option".to_owned(), true.into());
    let refused = load(&configuration, &[]).expect_err("an unknown option").to_string();
    let (_, expected) =
        refused.split_once("expected").unwrap_or_else(|| unreachable!("{place:?}: {refused}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn each_option_is_there_and_no_other() {
    let sections = sections();
    let names = |section: &Section| {
        let settings = section.settings.iter().map(|setting| setting.name.clone());
        settings.chain(section.below.iter().cloned()).collect::<BTreeSet<_>>()
    };
    for section in &sections {
        for place in &section.places {
            assert_eq!(names(section), known_at(place), "{place:?}");
        }
    }
    let top: BTreeSet<_> =
        sections.iter().flat_map(|section| &section.places).filter_map(|p| p.first()).collect();
    let top: BTreeSet<_> = top.into_iter().map(Step::name).collect();
    assert_eq!(top, known_at(&[]));
}

#[test]
fn the_page_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let page = page::write(&sections());
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, &page).expect("writable");
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == page, "docs/configuration.md is not what the types say: run `make docs`");
}
