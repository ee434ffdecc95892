//! The program: everything is in the library, see [`ejabberd_sidecar::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ejabberd_sidecar::cli::run()
}
