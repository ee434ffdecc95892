//! `store`: all that is stored, and where it lies.

mod copy;
mod import;
mod meter;
mod place;
mod rules;
mod sweep;

use bytesize::ByteSize;

use super::Failure;
use super::exit::{answer, counted};
use crate::app::Summary;
use crate::transfer::Side;

/// All that is stored
#[derive(Debug, clap::Subcommand)]
pub(super) enum Store {
    /// Copies one store into another: files, users and what says when files end. Both may be in use; what is there and the same is left
    Copy(copy::Copy),
    /// Brings the files of another file server into the store, so that their old URLs go on to work (`upload.legacy_prefixes`)
    Import(import::Import),
    /// Removes files whose time is over, as the service does, for where no process of it lives for an hour
    Sweep(sweep::Sweep),
    /// Prints the lifecycle and CORS rules that the bucket should have, and puts them among those it has
    Rules(rules::Rules),
}

impl Store {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Copy(arguments) => arguments.run(),
            Self::Import(arguments) => arguments.run(),
            Self::Sweep(arguments) => arguments.run(),
            Self::Rules(arguments) => arguments.run(),
        }
    }
}

/// What copies and imports have in common.
#[derive(Debug, Clone, Copy, clap::Args)]
struct How {
    /// Which one counts where the target has another object of the same name. Without, it is told and neither is touched
    #[arg(long, value_enum, value_name = "SIDE")]
    prefer: Option<Prefer>,
    /// How many objects are copied at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    at_once: u16,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Prefer {
    /// The target's is replaced
    Source,
    /// The target's is kept
    Target,
}

impl How {
    fn order(self) -> crate::app::CopyOrder {
        let prefer = self.prefer.map(|side| match side {
            Prefer::Source => Side::Source,
            Prefer::Target => Side::Target,
        });
        crate::app::CopyOrder { prefer, at_once: self.at_once.into() }
    }
}

/// Says what it came to, and fails if something is missing.
fn report(summary: Summary) -> Result<(), Failure> {
    let Summary { copied, bytes, left, removed, erased, left_out, failed } = summary;
    let size = ByteSize::b(bytes).display().iec();
    let mut told = vec![format!("copied {copied} ({size}), there already {left}, failed {failed}")];
    let beside = [
        ("removed at the target because they are at the source", removed),
        ("of users who were erased at the target, and not copied", erased),
        ("left out", left_out),
    ];
    let beside = beside.into_iter().filter(|(_, count)| *count > 0);
    told.extend(beside.map(|(what, count)| format!("{what} {count}")));
    answer(told.join(", "))?;
    if failed == 0 {
        return Ok(());
    }
    let missing = counted(failed, "object");
    Err(Failure::Failed(format!(
        "{missing} did not get to the target: once that is mended, run the same again"
    )))
}
