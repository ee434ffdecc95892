//! Uploads and downloads over HTTP, on the real program. Where something is refused, the last look goes to the store: nothing is there.

mod bearer;
mod conditionals;
mod connections;
mod cors;
mod door;
mod hangups;
mod jwt;
mod lengths;
mod limits;
mod names;
mod peers;
mod ranges;
mod schemes;
mod serving;
mod types;

#[path = "../support/mod.rs"]
mod support;
