//! `files PROGRAM NGINX PROSODY`: the file server on disk beside what Debian packages for that, in turns, and what it holds of
//! memory. Nothing here fails because it is slow; a wrong answer or a wrong byte ends it.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

mod hook;
mod large;
mod memory;
mod prosody;
mod servers;
mod small;
#[path = "../support/mod.rs"]
mod support;

use servers::Servers;

#[derive(Parser)]
struct Arguments {
    /// ejabberd-sidecar, as it is shipped
    program: PathBuf,
    /// Whose DAV module and static files it is compared with
    nginx: PathBuf,
    /// Whose `mod_http_file_share` it is compared with
    prosody: PathBuf,
    /// Measures this alone; may be given again
    #[arg(long)]
    only: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    PutSmall,
    PutLarge,
    GetLarge,
    GetSmall,
    Hook,
    Memory,
}

fn main() {
    let Arguments { program, nginx, prosody, only } = Arguments::parse();
    let wanted = |part| only.is_empty() || only.contains(&part);
    let servers = Servers::start(&program, &nginx, &prosody);
    servers.check();
    support::report::comparison_heading();
    let parts: [(_, fn(&Servers)); 4] = [
        (Part::PutSmall, small::put),
        (Part::PutLarge, large::put),
        (Part::GetLarge, large::get),
        (Part::GetSmall, small::get),
    ];
    for (_, measure) in parts.iter().filter(|(part, _)| wanted(*part)) {
        measure(&servers);
    }
    support::report::heading();
    if wanted(Part::Hook) {
        hook::measure(&servers);
    }
    drop(servers);
    if wanted(Part::Memory) {
        memory::measure(&program);
    }
}
