//! File descriptors: connections, files and the store's connections all need one, and they come out of one purse.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::http::TURNED_AWAY;

/// For log, store, sockets and libraries, and for connections that are only told that there are too many.
const RESERVE: u64 = 128 + TURNED_AWAY as u64;
/// Four for each connection of the cap: the public one, the file or store connection it moves, and one of each other listener.
const FOR_EACH: u64 = 4;

/// Raises the limit on open files as far as the system allows, and answers how many connections each listener may then have: `wanted`,
/// or fewer. Otherwise strangers on one listener could take the descriptors that logins need on another.
pub(super) fn affordable_connections(wanted: usize) -> usize {
    let allowed = raise_limit();
    let affordable = usize::try_from(allowed.saturating_sub(RESERVE) / FOR_EACH).unwrap_or(usize::MAX).max(1);
    if affordable < wanted {
        tracing::warn!(
            "limits.connections is {wanted}, but {allowed} open files are allowed: each listener takes {affordable}; raise the limit (ulimit -Hn, LimitNOFILE=)"
        );
    }
    wanted.min(affordable)
}

/// Answers the limit that holds then.
fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(_) => current.unwrap_or(u64::MAX),
    }
}
