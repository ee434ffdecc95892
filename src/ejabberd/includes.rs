//! `include_config_file`: options out of other files, in the place of the include.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::node::{Entry, Node, Place, Value};
use super::yaml::{YamlError, parse};

const INCLUDE: &str = "include_config_file";

/// The options of `file` with those of all files that it includes. `from` names it, unless it is the first.
/// `relative` takes the names of those that ejabberd looks for in its working directory.
pub(super) fn options(
    file: &Path,
    from: Option<&Place>,
    above: &[PathBuf],
    relative: &mut Vec<String>,
) -> Result<Vec<Entry>, YamlError> {
    let name: Arc<str> = file.display().to_string().into();
    let of_file = Place { file: Arc::clone(&name), line: 0 };
    let place = from.unwrap_or(&of_file);
    if above.iter().any(|other| other == file) {
        return Err(YamlError::at(
            place,
            format!("{INCLUDE}: {name} includes itself: take one of the two lines out"),
        ));
    }
    let bytes = fs::read(file).map_err(|error| unreadable(place, from, &name, &error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable(place, from, &name, "is not UTF-8 text"))?;
    let Node { value, place, .. } = parse(&name, &text)?;
    let entries = match value {
        Value::Map(entries) => entries,
        Value::Scalar { text, plain: true } if text.is_empty() => Vec::new(),
        _ => return Err(YamlError::at(&place, "has to be a map of options, like `hosts: [example.org]`")),
    };
    let mut chain = above.to_vec();
    chain.push(file.to_owned());
    let mut options = Vec::new();
    for entry in entries {
        if entry.key == INCLUDE {
            for include in includes(&entry)? {
                options.extend(include.options(file, &chain, relative)?);
            }
        } else {
            options.push(entry);
        }
    }
    Ok(options)
}

fn unreadable(place: &Place, from: Option<&Place>, name: &str, problem: &str) -> YamlError {
    match from {
        None => YamlError::at(
            place,
            format!("cannot be read: {problem}; give --ejabberd-yml the path of ejabberd.yml"),
        ),
        Some(_) => YamlError::at(
            place,
            format!(
                "{INCLUDE}: {name} cannot be read: {problem}; write its absolute path, and let ejabberd and this command read it"
            ),
        ),
    }
}

/// A file to include.
struct Include {
    file: String,
    place: Place,
    allow_only: Vec<String>,
    disallow: Vec<String>,
}

impl Include {
    fn options(
        self,
        from: &Path,
        above: &[PathBuf],
        relative: &mut Vec<String>,
    ) -> Result<Vec<Entry>, YamlError> {
        if Path::new(&self.file).is_relative() && !relative.contains(&self.file) {
            relative.push(self.file.clone());
        }
        let options = options(&found(&self.file, from), Some(&self.place), above, relative)?;
        let wanted = |entry: &Entry| {
            if self.allow_only.is_empty() {
                !self.disallow.contains(&entry.key)
            } else {
                self.allow_only.contains(&entry.key)
            }
        };
        Ok(options.into_iter().filter(wanted).collect())
    }
}

/// Beside the file that includes it, or else where ejabberd looks: in the working directory.
fn found(file: &str, from: &Path) -> PathBuf {
    let beside = from.parent().unwrap_or_else(|| Path::new("")).join(file);
    if beside.exists() || !Path::new(file).exists() { beside } else { PathBuf::from(file) }
}

fn includes(entry: &Entry) -> Result<Vec<Include>, YamlError> {
    let value = &entry.value;
    let plain = |node: &Node| {
        let file = node.text().map(str::to_owned);
        file.map(|file| Include {
            file,
            place: entry.place.clone(),
            allow_only: Vec::new(),
            disallow: Vec::new(),
        })
    };
    let mut includes = Vec::new();
    for item in value.items() {
        match &item.value {
            Value::Map(files) => includes.extend(files.iter().map(|file| Include {
                file: file.key.clone(),
                place: file.place.clone(),
                allow_only: names(&file.value, "allow_only"),
                disallow: names(&file.value, "disallow"),
            })),
            _ => includes.extend(plain(item)),
        }
    }
    if includes.is_empty() {
        return Err(YamlError::at(
            &entry.place,
            format!("{INCLUDE} names no file: write {INCLUDE}: \"/path/of/it.yml\""),
        ));
    }
    Ok(includes)
}

fn names(options: &Node, key: &str) -> Vec<String> {
    let items = options.get(key).map(Node::items).unwrap_or_default();
    items.iter().filter_map(|item| item.text().map(str::to_owned)).collect()
}
