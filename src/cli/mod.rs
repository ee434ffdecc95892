//! The command line.

mod config;
mod exit;
mod extauth;
mod health;
mod install;
mod serve;
mod stdin;
mod store;
mod token;
mod url;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::exit::Failure;

/// Token login and uploads into object storage for stock ejabberd.
#[derive(Debug, Parser)]
#[command(name = "ejabberd-sidecar", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service. SIGHUP reloads its configuration, SIGTERM stops it
    Serve(serve::Serve),
    /// Is ejabberd's `extauth_program`: passes its questions on to the service's hook
    Extauth(extauth::Extauth),
    /// Asks whether the service is ready, for health checks of containers
    Health(health::Health),
    /// Copies this program into a folder, for ejabberd beside its container
    Install(install::Install),
    /// Login tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Upload URLs
    #[command(subcommand)]
    Url(url::Url),
    /// What is stored of a user
    #[command(subcommand)]
    User(user::User),
    /// All that is stored: moves to another store, imports from another file server, the bucket's rules
    #[command(subcommand)]
    Store(store::Store),
    /// The configuration, and ejabberd's beside it
    #[command(subcommand)]
    Config(config::Config),
}

/// Runs the program with the arguments it was started with. Exit codes: 0 fine, 1 failed, 64 unusable arguments or configuration.
#[must_use]
pub fn run() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => match cli.command {
            Command::Serve(serve) => serve.run(),
            Command::Extauth(extauth) => extauth.run(),
            Command::Health(health) => health.run(),
            Command::Install(install) => install.run(),
            Command::Token(token) => token.run(),
            Command::Url(url) => url.run(),
            Command::User(user) => user.run(),
            Command::Store(store) => store.run(),
            Command::Config(config) => config.run(),
        },
        Err(error) => exit::unusable_arguments(&error),
    };
    exit::code(outcome)
}
