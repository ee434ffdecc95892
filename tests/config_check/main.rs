//! `config check`: each fault is found where it is, and nothing else; what is clean has no finding. On the real program.

mod api;
mod bucket;
mod clean;
mod complete;
mod components;
mod hosts;
mod includes;
mod login;
mod macros;
mod malformed;
mod own;
mod print;
mod properties;
mod running;
mod setup;
mod stanzas;
mod start;
mod transport;
mod uploads;

#[path = "../support/lists.rs"]
mod lists;
#[path = "../support/mod.rs"]
mod support;
