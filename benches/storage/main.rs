//! `storage PROGRAM S3_SERVER`: uploads into buckets and downloads from them by way of the service, beside the same without it, at the server that
//! `TEST_S3_…` names (Garage) and at s3s-fs. Nothing here fails because it is slow; a wrong answer ends it.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

mod curl;
mod large;
mod memory;
mod redirect;
#[path = "../../tests/support/s3.rs"]
mod s3;
mod sidecar;
mod small;
mod stores;
#[path = "../support/mod.rs"]
mod support;

use stores::BucketServer;
use support::processes::raise_open_files;

#[derive(Parser)]
struct Arguments {
    /// ejabberd-sidecar, as it is shipped
    program: PathBuf,
    /// The example `s3-server`: s3s-fs
    s3_server: PathBuf,
    /// Measures this alone; may be given again
    #[arg(long)]
    only: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Large,
    Small,
    Redirect,
    Memory,
}

fn main() {
    let Arguments { program, s3_server, only } = Arguments::parse();
    let wanted = |part| only.is_empty() || only.contains(&part);
    raise_open_files();
    let stores: Vec<_> = BucketServer::of_environment()
        .into_iter()
        .chain([BucketServer::start(&s3_server, "s3s-fs", &[])])
        .collect();
    support::report::shares_heading();
    if wanted(Part::Large) {
        let files = large::Files::new();
        for store in &stores {
            large::measure(&program, store, &files);
        }
    }
    if wanted(Part::Small) {
        for store in &stores {
            small::measure(&program, store);
        }
        small::measure(&program, &BucketServer::start(&s3_server, "s3s-fs with condition", &["--in-turns"]));
    }
    support::report::heading();
    for store in &stores {
        if wanted(Part::Redirect) {
            redirect::measure(&program, store);
        }
        if wanted(Part::Memory) {
            memory::measure(&program, store);
        }
    }
}
