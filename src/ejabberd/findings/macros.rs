//! Names that were meant as macros.

use super::Case;
use crate::ejabberd::{Findings, Version, codes};

/// In the name of an option that holds a secret. What stands there may be one, however it is spelled.
const SECRET: [&str; 6] = ["secret", "pass", "token", "key", "cookie", "credential"];

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    for undefined in &case.ejabberd.undefined {
        let option = &undefined.option;
        let may_show = !SECRET.iter().any(|part| option.contains(part));
        let (the, name) = if may_show {
            (format!("the macro {}", undefined.name), undefined.name.as_str())
        } else {
            ("what reads as a macro".to_owned(), "NAME")
        };
        findings.add(
            codes::MACRO_UNDEFINED,
            &undefined.place,
            format!(
                "{option}: nothing defines {the}; what it stands for in ejabberd's environment (EJABBERD_MACRO_…, from {} on) is not known here",
                Version::MACROS_OF_ENVIRONMENT
            ),
            format!("define_macro:\n  {name}: …"),
        );
    }
    in_text(case, findings);
}

fn in_text(case: &Case<'_>, findings: &mut Findings) {
    let since = Version::MACROS_IN_TEXT;
    for used in &case.ejabberd.filled_in {
        let (name, option) = (&used.name, &used.option);
        match case.version {
            Some(version) if version < since => findings.add(
                codes::MACRO_IN_TEXT,
                &used.place,
                format!("{option}: ejabberd {version} leaves @{name}@ as it is; {since} and newer fill it in"),
                format!("{option}: …   # the whole value as a macro, or written out"),
            ),
            Some(_) => {}
            None => findings.notes.push(format!(
                "{}: {option}: @{name}@ is filled in from ejabberd {since} on; yours is not known: say --ejabberd-version",
                used.place
            )),
        }
    }
}
