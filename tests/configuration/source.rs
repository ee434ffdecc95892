//! The types as they are written: names, types and comments of fields.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use quote::ToTokens as _;
use syn::{Attribute, Expr, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Type};

/// All types of the program that are read from text, by name.
pub(crate) struct Source {
    pub(crate) structs: BTreeMap<String, syn::ItemStruct>,
    pub(crate) enums: BTreeMap<String, syn::ItemEnum>,
}

impl Source {
    pub(crate) fn read() -> Self {
        let mut found = Self { structs: BTreeMap::new(), enums: BTreeMap::new() };
        found.add(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        found
    }

    fn add(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                self.add(&path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("readable source");
                for item in syn::parse_file(&text).expect("source that compiles").items {
                    self.take(item);
                }
            }
        }
    }

    fn take(&mut self, item: Item) {
        let twice = match item {
            Item::Struct(item) if is_read(&item.attrs) => {
                self.structs.insert(item.ident.to_string(), item).is_some()
            }
            Item::Enum(item) if is_read(&item.attrs) => {
                self.enums.insert(item.ident.to_string(), item).is_some()
            }
            _ => false,
        };
        assert!(!twice, "two types that are read from text have the same name: give one another");
    }
}

fn is_read(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("derive") && attribute.to_token_stream().to_string().contains("Deserialize")
    })
}

/// A type's own name, and the types that it is made of.
pub(crate) fn parts(of: &Type) -> (String, Vec<Type>) {
    let Type::Path(path) = of else { unreachable!("{}: a type of another form", of.to_token_stream()) };
    let last = path.path.segments.last().expect("a name");
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(inner) => Some(inner.clone()),
                _ => None,
            })
        }
        _ => return (last.ident.to_string(), Vec::new()),
    };
    (last.ident.to_string(), arguments.collect())
}

/// The comment, line by line.
pub(crate) fn comment(attributes: &[Attribute]) -> Vec<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim_start_matches(' ').to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.collect()
}

/// What serde is told of a type or a field, without white space.
pub(crate) fn serde(attributes: &[Attribute]) -> String {
    let told = attributes.iter().filter(|attribute| attribute.path().is_ident("serde"));
    let told: Vec<_> = told.map(|attribute| attribute.meta.to_token_stream().to_string()).collect();
    told.join(" ")
}

/// The fields of a struct: name, type, attributes.
pub(crate) fn fields(of: &syn::ItemStruct) -> Vec<(String, Type, Vec<Attribute>)> {
    let Fields::Named(fields) = &of.fields else { unreachable!("{}: has no named fields", of.ident) };
    let named = fields.named.iter();
    named
        .map(|field| {
            (field.ident.as_ref().expect("named").to_string(), field.ty.clone(), field.attrs.clone())
        })
        .collect()
}
