//! `config`: what is in force, and whether it fits ejabberd's own.

mod check;
mod print;

use super::Failure;

/// The configuration, and ejabberd's beside it
#[derive(Debug, clap::Subcommand)]
pub(super) enum Config {
    /// Says what would break or open a hole, in the service's configuration and in ejabberd's, with the lines to write instead
    Check(check::Check),
    /// Prints the settings in force, without secrets: what was written, the environment over it, the defaults below
    Print(print::Print),
}

impl Config {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Check(arguments) => arguments.run(),
            Self::Print(arguments) => arguments.run(),
        }
    }
}
