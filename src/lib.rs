#![doc = include_str!("../docs/architecture.md")]

pub mod app;
pub mod authn;
pub mod cli;
pub mod component;
pub mod config;
pub mod ejabberd;
pub mod extauth;
pub mod http;
pub mod login;
pub mod policy;
pub mod store;
pub mod telemetry;
pub mod transfer;
pub mod types;
pub mod upload;
