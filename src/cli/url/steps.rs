//! What `url check` found out, a line each.

use std::fmt::Write as _;

use crate::telemetry::reason::FileReason;

#[derive(Default)]
pub(super) struct Steps(String);

impl Steps {
    pub(super) fn ok(&mut self, text: &str) {
        self.line("ok", text);
    }

    pub(super) fn no(&mut self, text: &str, reason: FileReason) -> Result<(), FileReason> {
        self.line("NO", &format!("{text} [{}]", reason.code()));
        Err(reason)
    }

    fn line(&mut self, sign: &str, text: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{sign}    {text}");
    }

    pub(super) fn with(self, verdict: Result<(), FileReason>) -> String {
        let verdict = match verdict {
            Ok(()) => {
                "accepted, unless the slot was used before, its user was erased or the store has no room"
                    .to_owned()
            }
            Err(reason) => format!("refused: {}", reason.code()),
        };
        format!("{}{verdict}", self.0)
    }
}
