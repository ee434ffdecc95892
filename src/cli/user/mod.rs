//! `user`: what is stored of a user.

mod forget;

use super::Failure;

/// What is stored of a user
#[derive(Debug, clap::Subcommand)]
pub(super) enum User {
    /// Erases a user: his files, his upload slots and that he ever logged in. The service may be running
    Forget(forget::Forget),
}

impl User {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Forget(arguments) => arguments.run(),
        }
    }
}
