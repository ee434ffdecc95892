//! `token`: login tokens.

mod check;
mod mint;

use self::check::Check;
use self::mint::Mint;
use super::Failure;

/// Login tokens
#[derive(Debug, clap::Subcommand)]
pub(super) enum Token {
    /// Makes a token, signed with the secret of the user's vhost, and prints it
    Mint(Mint),
    /// Says for each rule whether a token keeps it; exit code 1 if it does not log in
    Check(Check),
}

impl Token {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Mint(arguments) => arguments.run(),
            Self::Check(arguments) => arguments.run(),
        }
    }
}
