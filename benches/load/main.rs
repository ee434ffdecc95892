//! `load PROGRAM NGINX`: what a second of logins holds, through the hook and through the bridge, beside the goals. Nothing
//! here fails because it is slow: what else runs on a machine decides as much about it as the program does.

use std::path::PathBuf;

use clap::Parser;

mod bridge;
mod hook;
#[path = "../support/mod.rs"]
mod support;

#[derive(Parser)]
struct Arguments {
    /// ejabberd-sidecar, as it is shipped
    program: PathBuf,
    /// What its hook is compared with
    nginx: PathBuf,
}

fn main() {
    let Arguments { program, nginx } = Arguments::parse();
    support::report::heading();
    hook::measure(&program, &nginx);
    bridge::measure(&program);
}
