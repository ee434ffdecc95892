//! The API: slots, own files and their removal, for who shows a token of the user.

#[path = "../support/bucket.rs"]
mod bucket;
#[path = "../support/mod.rs"]
mod support;

mod app;
mod authentication;
mod own_files;
mod pages;
mod requests;
mod slots;
mod vhosts;
