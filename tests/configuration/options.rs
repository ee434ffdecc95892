//! The options of the configuration, found in the types that read it.

use syn::{Attribute, Type};

use crate::source::{Source, comment, fields, parts, serde};

/// One step on the way to a section.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// A table.
    Key(String),
    /// The table of a vhost, below `hosts`.
    Vhost,
    /// One of a list of tables.
    First(String),
}

impl Step {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Key(name) | Self::First(name) => name.clone(),
            Self::Vhost => "\"…\"".to_owned(),
        }
    }
}

/// What counts where nothing is said.
#[derive(Debug)]
pub(crate) enum Default {
    /// It has to be said.
    Required,
    /// What the comment says.
    Said(String),
}

impl Default {
    /// The value, if it is one.
    pub(crate) fn value(&self) -> Option<&str> {
        let Self::Said(text) = self else { return None };
        text.strip_prefix('`')?.split_once('`').map(|(value, _)| value)
    }
}

/// An option.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) name: String,
    /// Its type in words.
    pub(crate) kind: String,
    pub(crate) default: Default,
    /// What it is for, in Markdown.
    pub(crate) text: String,
    /// The values and what they mean, if it has a few.
    pub(crate) choices: Vec<(String, String)>,
}

/// A section, wherever it may stand.
#[derive(Debug)]
pub(crate) struct Section {
    /// The type that reads it.
    of: String,
    pub(crate) places: Vec<Vec<Step>>,
    pub(crate) text: String,
    pub(crate) settings: Vec<Setting>,
    /// The sections below it.
    pub(crate) below: Vec<String>,
}

impl Section {
    /// The environment variable that sets one of its options: vhosts have none.
    pub(crate) fn variable(&self, setting: &Setting) -> Option<String> {
        let path = self.places.iter().find(|place| !place.contains(&Step::Vhost))?;
        let names = path.iter().map(Step::name).chain([setting.name.clone()]).map(|name| name.to_uppercase());
        Some(format!("EJABBERD_SIDECAR__{}", names.collect::<Vec<_>>().join("__")))
    }
}

/// All sections, in the order of the types.
pub(crate) fn sections() -> Vec<Section> {
    let source = Source::read();
    let mut found = Vec::new();
    visit(&source, "RawSettings", &[], &mut found);
    // The file as a whole is no section.
    found.remove(0);
    found
}

fn visit(source: &Source, name: &str, place: &[Step], found: &mut Vec<Section>) {
    if let Some(known) = found.iter_mut().find(|section| section.of == name) {
        known.places.push(place.to_vec());
        return;
    }
    let read = &source.structs[name];
    assert!(serde(&read.attrs).contains("deny_unknown_fields"), "{name}: would take what it does not know");
    let at = found.len();
    let text = comment(&read.attrs).join("\n");
    assert!(!text.is_empty(), "{name}: its comment introduces the section, and is missing");
    found.push(Section {
        of: name.to_owned(),
        places: vec![place.to_vec()],
        text,
        settings: Vec::new(),
        below: Vec::new(),
    });
    for (field, of, attributes) in fields(read) {
        if let Some((below, steps)) = section_of(source, &field, &of) {
            found[at].below.push(field);
            visit(source, &below, &[place, &steps].concat(), found);
        } else {
            let setting = setting(source, name, field, &of, &attributes);
            found[at].settings.push(setting);
        }
    }
}

/// The type that reads a section, and the way to it.
fn section_of(source: &Source, field: &str, of: &Type) -> Option<(String, Vec<Step>)> {
    let (name, inner) = parts(of);
    let key = || Step::Key(field.to_owned());
    match (name.as_str(), inner.last().map(|inner| parts(inner).0)) {
        ("BTreeMap", Some(inner)) => Some((inner, vec![key(), Step::Vhost])),
        ("Vec", Some(inner)) if source.structs.contains_key(&inner) => {
            Some((inner, vec![Step::First(field.to_owned())]))
        }
        ("Option", Some(inner)) if inner != "OneOrMany" && source.structs.contains_key(&inner) => {
            Some((inner, vec![key()]))
        }
        (_, None) if source.structs.contains_key(&name) => Some((name, vec![key()])),
        _ => None,
    }
}

fn setting(source: &Source, section: &str, name: String, of: &Type, attributes: &[Attribute]) -> Setting {
    let place = format!("{section}.{name}");
    let told = serde(attributes);
    for unknown in ["rename", "flatten", "alias", "skip"] {
        assert!(!told.contains(unknown), "{place}: serde's {unknown} is not understood here");
    }
    let lines = comment(attributes);
    let default = lines.iter().position(|line| line.starts_with("Default: "));
    let (text, default) = match (default, parts(of).0 == "Option") {
        (Some(at), _) => {
            let said = lines[at..].join(" ").trim_start_matches("Default: ").to_owned();
            (lines[..at].join("\n"), Default::Said(said))
        }
        (None, false) if !told.contains("default") => (lines.join("\n"), Default::Required),
        (None, _) => unreachable!("{place}: its comment has to end with a paragraph `Default: …`"),
    };
    assert!(!text.trim().is_empty(), "{place}: has no comment");
    let (kind, choices) = kind(source, &place, of);
    Setting { name, kind, default, text: text.trim().to_owned(), choices }
}

/// A type in words, and its values if it has a few.
fn kind(source: &Source, place: &str, of: &Type) -> (String, Vec<(String, String)>) {
    let (name, inner) = parts(of);
    let plain = |text: &str| (text.to_owned(), Vec::new());
    match name.as_str() {
        "Option" => kind(source, place, &inner[0]),
        "String" => plain("text"),
        "bool" => plain("`true` or `false`"),
        "usize" | "u16" | "u32" | "u64" => plain("number"),
        "Duration" => plain("[time](#values)"),
        "ByteSize" => plain("[size](#values)"),
        "PathBuf" => plain("[path](#values)"),
        "SecretString" => plain("[secret](#values)"),
        "Vec" => plain(&format!("list of {}s", kind(source, place, &inner[0]).0)),
        "OrNone" => plain(&format!("{}, or `\"none\"`", kind(source, place, &inner[0]).0)),
        "OneOrMany" => {
            let one = kind(source, place, &inner[0]).0;
            plain(&format!("{one}, or a list of them"))
        }
        _ => choices(source, place, &name),
    }
}

fn choices(source: &Source, place: &str, name: &str) -> (String, Vec<(String, String)>) {
    let Some(read) = source.enums.get(name) else {
        unreachable!("{place}: say in tests/configuration/options.rs what a {name} is called")
    };
    let told = serde(&read.attrs);
    if told.contains("untagged") {
        let (_, expecting) =
            told.split_once("expecting = \"").expect("an untagged choice says what it expects");
        return (expecting.split('"').next().unwrap_or_default().to_owned(), Vec::new());
    }
    assert!(told.contains("rename_all = \"lowercase\""), "{place}: {name} is spelt in another way");
    let variants = read.variants.iter().map(|variant| {
        let meaning = comment(&variant.attrs).join(" ");
        assert!(!meaning.is_empty(), "{place}: {}::{} has no comment", name, variant.ident);
        (format!("\"{}\"", variant.ident.to_string().to_lowercase()), meaning)
    });
    let variants: Vec<_> = variants.collect();
    let names: Vec<_> = variants.iter().map(|(value, _)| format!("`{value}`")).collect();
    (names.join(", "), variants)
}
