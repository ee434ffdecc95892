//! How the program ends, and the only place that writes to the terminal.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::config::ConfigError;

/// `EX_USAGE` of sysexits.h: the arguments or the configuration cannot be used.
const UNUSABLE: u8 = 64;

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Its arguments or configuration, exit code 64.
    Unusable(String),
    /// Something else, exit code 1.
    Failed(String),
    /// The message was shown already.
    Shown(ExitCode),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl Failure {
    pub(super) fn failed(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Help goes to stdout and is fine, everything else to stderr.
pub(super) fn unusable_arguments(error: &clap::Error) -> Result<(), Failure> {
    let code = if error.use_stderr() { ExitCode::from(UNUSABLE) } else { ExitCode::SUCCESS };
    error.print().map_err(Failure::failed)?;
    Err(Failure::Shown(code))
}

pub(super) fn code(outcome: Result<(), Failure>) -> ExitCode {
    let (message, code) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Shown(code)) => return code,
        Err(Failure::Unusable(message)) => (message, ExitCode::from(UNUSABLE)),
        Err(Failure::Failed(message)) => (message, ExitCode::FAILURE),
    };
    for line in message.lines() {
        // With stderr gone there is nobody left to tell.
        drop(remark(line));
    }
    code
}

/// Writes a command's answer to stdout.
pub(super) fn answer(text: impl Display) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}").map_err(Failure::failed)
}

/// So many of something: `1 file`, `2 files`.
pub(super) fn counted<N: Copy + Display + From<u8> + PartialEq>(number: N, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1.into() { "" } else { "s" })
}

/// Tells the operator something beside the answer, or in its place.
pub(super) fn remark(text: impl Display) -> Result<(), Failure> {
    writeln!(io::stderr(), "ejabberd-sidecar: {text}").map_err(Failure::failed)
}
