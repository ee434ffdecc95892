//! `define_macro`: values that stand under a name somewhere else, and, in newer versions, `@NAME@` within a text.

use std::collections::BTreeMap;

use super::node::{Entry, Node, Place, Value};
use super::yaml::{MAX_NODES, YamlError};

/// Deeper than anybody defines macros by macros.
const MAX_DEPTH: usize = 16;

/// A macro's name in a value.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The option it stands in.
    pub option: String,
    /// Where it stands.
    pub place: Place,
}

/// Options without macros in them.
pub(super) struct Resolved {
    pub(super) options: Vec<Entry>,
    /// What looks like a macro and is none.
    pub(super) undefined: Vec<Named>,
    /// What was filled in as `@NAME@`.
    pub(super) filled_in: Vec<Named>,
}

/// Takes the definitions out of `options`, and puts their values where their names stand.
pub(super) fn resolve(options: Vec<Entry>) -> Result<Resolved, YamlError> {
    let mut macros = Macros::default();
    let mut rest = Vec::new();
    for option in options {
        match option.key.as_str() {
            "define_macro" => macros.define(&option.value, true)?,
            "define_keyword" => macros.define(&option.value, false)?,
            _ => rest.push(option),
        }
    }
    let mut names = Names::default();
    let mut nodes = 0;
    for option in &mut rest {
        names.option.clone_from(&option.key);
        option.value = macros.replaced(&option.value, &mut Vec::new(), &mut nodes, &mut names)?;
    }
    Ok(Resolved { options: rest, undefined: names.undefined, filled_in: names.filled_in })
}

#[derive(Default)]
struct Macros {
    /// With whether they stand for whole values, too.
    known: BTreeMap<String, (Entry, bool)>,
}

/// What was seen.
#[derive(Default)]
struct Names {
    /// The option that is looked at.
    option: String,
    undefined: Vec<Named>,
    filled_in: Vec<Named>,
}

impl Macros {
    fn define(&mut self, definitions: &Node, whole: bool) -> Result<(), YamlError> {
        for entry in definitions.entries() {
            if let Some((other, _)) = self.known.insert(entry.key.clone(), (entry.clone(), whole)) {
                let problem =
                    format!("{} was defined before, at {}: take one of the two out", entry.key, other.place);
                return Err(YamlError::at(&entry.place, problem));
            }
        }
        Ok(())
    }

    /// `path` holds the macros that are being replaced, `nodes` counts.
    fn replaced(
        &self,
        node: &Node,
        path: &mut Vec<String>,
        nodes: &mut usize,
        names: &mut Names,
    ) -> Result<Node, YamlError> {
        *nodes += 1;
        if *nodes > MAX_NODES || path.len() > MAX_DEPTH {
            return Err(YamlError::at(&node.place, "its macros make it far too large for a configuration"));
        }
        let mut made = node.clone();
        match &mut made.value {
            Value::List(items) => {
                for item in items {
                    *item = self.replaced(item, path, nodes, names)?;
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    let above = std::mem::replace(&mut names.option, entry.key.clone());
                    entry.value = self.replaced(&entry.value, path, nodes, names)?;
                    names.option = above;
                }
            }
            Value::Scalar { text, plain } => match self.known.get(text) {
                Some((definition, true)) => return self.written_out(node, definition, path, nodes, names),
                _ if *plain && reads_as_macro(text) => {
                    let (name, option) = (text.clone(), names.option.clone());
                    names.undefined.push(Named { name, option, place: node.place.clone() });
                }
                _ => {
                    if let Some(used) = self.fill_in(text) {
                        let (name, option) = (used.0.clone(), names.option.clone());
                        names.filled_in.push(Named { name, option, place: node.place.clone() });
                        made.from_macro = Some(used);
                    }
                }
            },
        }
        Ok(made)
    }

    fn written_out(
        &self,
        used: &Node,
        definition: &Entry,
        path: &mut Vec<String>,
        nodes: &mut usize,
        names: &mut Names,
    ) -> Result<Node, YamlError> {
        if path.contains(&definition.key) {
            let problem = format!("the macro {} is defined by itself: give it a value", definition.key);
            return Err(YamlError::at(&definition.place, problem));
        }
        path.push(definition.key.clone());
        let mut made = self.replaced(&definition.value, path, nodes, names)?;
        path.pop();
        made.place = used.place.clone();
        made.from_macro = Some((definition.key.clone(), definition.place.clone()));
        Ok(made)
    }

    /// Puts values into `@NAME@`, and answers the last macro that was filled in. What is not defined may be ejabberd's own.
    fn fill_in(&self, text: &mut String) -> Option<(String, Place)> {
        let mut used = None;
        if !text.contains('@') {
            return None;
        }
        for (name, (definition, _)) in &self.known {
            let keyword = format!("@{name}@");
            if let Some(value) = definition.value.text()
                && text.contains(&keyword)
            {
                *text = text.replace(&keyword, value);
                used = Some((name.clone(), definition.place.clone()));
            }
        }
        used
    }
}

/// `NAMES_LIKE_THIS`. Nothing in a configuration is spelled so otherwise.
fn reads_as_macro(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.contains('_')
        && text.bytes().all(legal)
        && text.starts_with(|first: char| first.is_ascii_uppercase())
}
