//! Secrets that are given as an argument, or on stdin, where no process list shows them.

use std::io::{self, Read as _};

use secrecy::{ExposeSecret as _, SecretString};

/// `argument`, or what stdin holds if that is `-`: its first `max_bytes`, without the end of the line.
///
/// # Errors
///
/// If stdin cannot be read, or holds no UTF-8.
pub(super) fn argument_or_stdin(argument: &SecretString, max_bytes: u64) -> io::Result<SecretString> {
    if argument.expose_secret() != "-" {
        return Ok(argument.clone());
    }
    let mut text = String::new();
    io::stdin().take(max_bytes).read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}
