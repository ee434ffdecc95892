//! Which files are taken, by type and by extension.

use std::str::FromStr;

use crate::types::{ContentType, is_token};

/// `image/png`, or `image/*` for all images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypePattern {
    kind: Box<str>,
    /// `None` for all of them.
    subtype: Option<Box<str>>,
}

/// What was given is no pattern of media types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has to look like image/png or image/*")]
pub struct InvalidTypePattern;

impl FromStr for TypePattern {
    type Err = InvalidTypePattern;

    fn from_str(text: &str) -> Result<Self, InvalidTypePattern> {
        let (kind, subtype) = text.split_once('/').ok_or(InvalidTypePattern)?;
        let named = |part: &str| is_token(part) && !part.contains('*');
        if !named(kind) || !(subtype == "*" || named(subtype)) {
            return Err(InvalidTypePattern);
        }
        let lower = |part: &str| part.to_ascii_lowercase().into_boxed_str();
        Ok(Self { kind: lower(kind), subtype: (subtype != "*").then(|| lower(subtype)) })
    }
}

impl TypePattern {
    /// Whether it means `essence`, a `type/subtype` in lower case.
    #[must_use]
    pub fn matches(&self, essence: &str) -> bool {
        essence.split_once('/').is_some_and(|(kind, subtype)| {
            *kind == *self.kind && self.subtype.as_deref().is_none_or(|own| own == subtype)
        })
    }

    /// The one type that it means, if it is one.
    #[must_use]
    pub fn exact(&self) -> Option<String> {
        self.subtype.as_ref().map(|subtype| format!("{}/{subtype}", self.kind))
    }
}

/// A file name's extension in lower case, without the dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension(Box<str>);

/// What was given is no extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has to be an extension without a dot, like jpg")]
pub struct InvalidExtension;

impl FromStr for Extension {
    type Err = InvalidExtension;

    fn from_str(text: &str) -> Result<Self, InvalidExtension> {
        let usable = !text.is_empty() && !text.contains(['.', '/', '*', ' ']);
        if usable { Ok(Self(text.to_lowercase().into())) } else { Err(InvalidExtension) }
    }
}

impl Extension {
    /// What stands behind the last dot. Dots and spaces at the end do not count: some systems drop them, and then run the file.
    #[must_use]
    pub fn of(filename: &str) -> Option<Self> {
        let (_, extension) = filename.trim_end_matches(['.', ' ']).rsplit_once('.')?;
        extension.parse().ok()
    }
}

/// The types and extensions that a vhost takes. What is denied is denied even if it is also allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeRules {
    /// If given, only these.
    pub allowed_types: Option<Vec<TypePattern>>,
    /// Never these.
    pub denied_types: Vec<TypePattern>,
    /// If given, only these.
    pub allowed_extensions: Option<Vec<Extension>>,
    /// Never these.
    pub denied_extensions: Vec<Extension>,
}

/// Why a file is not taken, whoever sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TypeRefusal {
    /// By `allowed_types` or `denied_types`.
    #[error("files of this type are not taken (upload.allowed_types, upload.denied_types)")]
    Type,
    /// By `allowed_extensions` or `denied_extensions`.
    #[error("files with this extension are not taken (upload.allowed_extensions, upload.denied_extensions)")]
    Extension,
}

impl TypeRules {
    /// Judges a file by what it says it is.
    ///
    /// # Errors
    ///
    /// [`TypeRefusal`] if it is not taken.
    pub fn check(&self, content_type: &ContentType, filename: &str) -> Result<(), TypeRefusal> {
        let Self { allowed_types, denied_types, .. } = self;
        if allowed_types.is_some() || !denied_types.is_empty() {
            let essence = content_type.essence();
            let among = |patterns: &[TypePattern]| patterns.iter().any(|pattern| pattern.matches(&essence));
            if among(denied_types) || !allowed_types.as_deref().is_none_or(among) {
                return Err(TypeRefusal::Type);
            }
        }
        self.check_name(filename)
    }

    /// Judges a file of which only the name is known yet.
    ///
    /// # Errors
    ///
    /// [`TypeRefusal::Extension`] if it is not taken, whatever it is.
    pub fn check_name(&self, filename: &str) -> Result<(), TypeRefusal> {
        let Self { allowed_extensions, denied_extensions, .. } = self;
        if allowed_extensions.is_some() || !denied_extensions.is_empty() {
            let extension = Extension::of(filename);
            let among = |list: &[Extension]| extension.as_ref().is_some_and(|own| list.contains(own));
            if among(denied_extensions) || !allowed_extensions.as_deref().is_none_or(among) {
                return Err(TypeRefusal::Extension);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(patterns: &[&str]) -> Vec<TypePattern> {
        patterns.iter().map(|pattern| pattern.parse().unwrap()).collect()
    }

    fn extensions(list: &[&str]) -> Vec<Extension> {
        list.iter().map(|extension| extension.parse().unwrap()).collect()
    }

    fn check(rules: &TypeRules, content_type: &str, filename: &str) -> Result<(), TypeRefusal> {
        rules.check(&ContentType::parse(content_type).unwrap(), filename)
    }

    #[test]
    fn without_rules_everything_is_taken() {
        assert_eq!(check(&TypeRules::default(), "text/html", "a.exe"), Ok(()));
    }

    #[test]
    fn types_are_compared_without_case_and_parameters() {
        let rules = TypeRules {
            allowed_types: Some(types(&["image/*", "Text/Plain"])),
            denied_types: types(&["image/svg+xml"]),
            ..TypeRules::default()
        };
        for taken in ["image/png", "IMAGE/JPEG; q=1", "text/plain;charset=utf-8"] {
            assert_eq!(check(&rules, taken, "a"), Ok(()), "{taken}");
        }
        for refused in
            ["image/svg+xml", "Image/SVG+XML;x=y", "text/html", "images/png", "application/octet-stream"]
        {
            assert_eq!(check(&rules, refused, "a"), Err(TypeRefusal::Type), "{refused}");
        }
    }

    #[test]
    fn the_extension_is_what_a_system_would_go_by() {
        let denied = TypeRules { denied_extensions: extensions(&["exe", "JS"]), ..TypeRules::default() };
        for refused in ["a.exe", "a.EXE", "a.png.exe", "a.exe.", "a.exe. .", "a.js"] {
            assert_eq!(check(&denied, "a/b", refused), Err(TypeRefusal::Extension), "{refused}");
        }
        for taken in ["exe", "a.exe.png", "a.jsx", "a", "...", ""] {
            assert_eq!(check(&denied, "a/b", taken), Ok(()), "{taken}");
        }
        let allowed = TypeRules { allowed_extensions: Some(extensions(&["jpg"])), ..TypeRules::default() };
        assert_eq!(check(&allowed, "a/b", "a.Jpg"), Ok(()));
        for refused in ["a", "jpg", "a.png", "a.jpg.png"] {
            assert_eq!(check(&allowed, "a/b", refused), Err(TypeRefusal::Extension), "{refused}");
        }
    }

    #[test]
    fn patterns_and_others() {
        for wrong in ["", "image", "image/", "/png", "*/*", "*", "image/p*", "im age/png", "image/png; q=1"] {
            assert_eq!(wrong.parse::<TypePattern>(), Err(InvalidTypePattern), "{wrong:?}");
        }
        for wrong in ["", ".jpg", "*.jpg", "a/b", "tar.gz"] {
            assert_eq!(wrong.parse::<Extension>(), Err(InvalidExtension), "{wrong:?}");
        }
    }
}
