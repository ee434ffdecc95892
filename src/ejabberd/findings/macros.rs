//! Names that were meant as macros.

use super::Case;
use crate::ejabberd::{Findings, codes};

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    for undefined in &case.ejabberd.undefined {
        let (name, option) = (&undefined.name, &undefined.option);
        findings.add(
            codes::MACRO_UNDEFINED,
            &option.place,
            format!(
                "{}: nothing defines the macro {name}; what it stands for in ejabberd's environment (EJABBERD_MACRO_…, from 24.12 on) is not known here",
                option.key
            ),
            format!("define_macro:\n  {name}: …"),
        );
    }
}
