//! `install`: this program as a file elsewhere. ejabberd runs it as its login program in a container of its own, whose image does not have it.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempPath;

use super::Failure;
use super::exit::answer;

/// What the copy is called.
const NAME: &str = env!("CARGO_PKG_NAME");
/// What `--version` prints.
const VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), "\n");
/// This program, even where its file was replaced since it was started.
const ITSELF: &str = "/proc/self/exe";

/// Copies this program into a folder, for ejabberd beside its container
#[derive(Debug, clap::Args)]
pub(super) struct Install {
    /// The folder, which has to be there. The copy is called ejabberd-sidecar, may be run by everybody, and takes the place of an older
    /// one in one step
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Install {
    pub(super) fn run(self) -> Result<(), Failure> {
        let target = self.folder.join(NAME);
        let failed = |what: &str, error| Failure::Failed(format!("{}: {what}: {error}", target.display()));
        let copy = copied(&self.folder).map_err(|error| failed("cannot be written", error))?;
        runs(&copy).map_err(|error| failed("a copy there does not run", error))?;
        published(copy, &target).map_err(|error| failed("cannot be put there", error))?;
        answer(target.display())
    }
}

/// A whole copy, under a name that nobody looks for, which goes away again with its value.
fn copied(folder: &Path) -> io::Result<TempPath> {
    let copy = tempfile::Builder::new().prefix(".ejabberd-sidecar.").tempfile_in(folder)?;
    io::copy(&mut File::open(ITSELF)?, &mut copy.as_file())?;
    copy.as_file().set_permissions(Permissions::from_mode(0o755))?;
    copy.as_file().sync_all()?;
    // Closed: what is open for writing cannot be run.
    Ok(copy.into_temp_path())
}

/// Whether the copy can be run from there, and says that it is this program.
fn runs(copy: &Path) -> io::Result<()> {
    let run = Command::new(copy).arg("--version").stdin(Stdio::null()).output();
    let run = run.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            io::Error::new(error.kind(), format!("{error}; is the volume mounted with noexec?"))
        }
        _ => error,
    })?;
    let is_this = run.status.success() && run.stdout == VERSION.as_bytes();
    if is_this { Ok(()) } else { Err(io::Error::other(format!("it is not {}", VERSION.trim_end()))) }
}

fn published(copy: TempPath, target: &Path) -> io::Result<()> {
    copy.persist(target)?;
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}
