//! Names of stores.

use std::path::PathBuf;
use std::str::FromStr;

use crate::cli::Failure;
use crate::config::StoreSettings;

/// A store as it is written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// `disk:FOLDER`
    Folder(PathBuf),
    /// A configuration file.
    File(PathBuf),
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("disk:") {
            Some("") => Err("the folder is missing: disk:/var/lib/ejabberd-sidecar"),
            Some(folder) => Ok(Self::Folder(folder.into())),
            None if text.starts_with("s3:") => Err(
                "a bucket is named by a file with a section [store], because its key belongs on no command line",
            ),
            None => Ok(Self::File(text.into())),
        }
    }
}

impl Place {
    pub(super) fn settings(self) -> Result<StoreSettings, Failure> {
        match self {
            Self::Folder(path) => Ok(StoreSettings::Disk { path, sync: true }),
            Self::File(file) => Ok(StoreSettings::load(&file)?),
        }
    }
}
