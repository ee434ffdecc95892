//! What the bridge is told on its command line, for the program and for who checks the line.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::client::{Hook, InvalidHook};
use crate::authn::HookCredentials;

/// The arguments of `extauth`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The service's hook, an http:// URL or unix:/ and a path
    // No value of its own type: the message about a wrong one would repeat it, with a password that has no place there.
    #[arg(long, value_name = "URL", default_value = Self::DEFAULT_HOOK)]
    pub hook: String,
    /// A file with the hook's credentials, name:password
    #[arg(long, value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// How long questions wait for a service that is away, from when it was first missed: longer than its restart, and well below
    /// the 30s that ejabberd gives a question with all that queue before it
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = humantime::parse_duration)]
    pub grace: Duration,
}

impl Arguments {
    /// Where the bridge asks without `--hook`.
    pub const DEFAULT_HOOK: &str = "http://127.0.0.1:8081";

    /// Where the bridge asks.
    ///
    /// # Errors
    ///
    /// [`InvalidHook`] for what is no address of a hook.
    pub fn hook(&self) -> Result<Hook, InvalidHook> {
        self.hook.parse()
    }

    /// What the bridge shows.
    ///
    /// # Errors
    ///
    /// [`UnusableFile`], which never holds what the file does.
    pub fn credentials(&self) -> Result<Option<HookCredentials>, UnusableFile> {
        self.credentials_file.as_deref().map(read_credentials).transpose()
    }
}

/// A file without credentials in it.
#[derive(Debug, thiserror::Error)]
#[error("--credentials-file: {file}: {problem}")]
pub struct UnusableFile {
    file: String,
    problem: String,
    /// Whether somebody else might read it.
    pub is_forbidden: bool,
}

fn read_credentials(file: &Path) -> Result<HookCredentials, UnusableFile> {
    let unusable = |problem: String, is_forbidden| UnusableFile {
        file: file.display().to_string(),
        problem,
        is_forbidden,
    };
    let pair = fs::read_to_string(file)
        .map_err(|error| unusable(error.to_string(), error.kind() == std::io::ErrorKind::PermissionDenied))?;
    HookCredentials::new(pair.trim().into()).map_err(|error| unusable(error.to_string(), false))
}
