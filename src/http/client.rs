//! Who asks.

use std::net::IpAddr;

/// A request's extension: the address of the client, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientAddress(pub(super) Option<IpAddr>);
