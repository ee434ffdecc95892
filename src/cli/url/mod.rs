//! `url`: upload URLs.

mod check;
mod pasted;
mod sign;
mod steps;

use super::Failure;
use crate::types::ContentType;

/// Upload URLs
#[derive(Debug, clap::Subcommand)]
pub(super) enum Url {
    /// Makes a URL to PUT one file to and prints it, with the headers to send along below it; without its query it is the URL to GET
    Sign(sign::Sign),
    /// Says, step by step, why a PUT to a URL would be refused
    Check(check::Check),
}

impl Url {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Sign(arguments) => arguments.run(),
            Self::Check(arguments) => arguments.run(),
        }
    }
}

fn content_type(text: &str) -> Result<ContentType, Failure> {
    ContentType::parse(text).map_err(|error| Failure::Unusable(format!("--type: {text:?} is {error}")))
}
