//! Who is at the other end.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};

use crate::policy::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whose request it is, as far as it is known: an extension of each request to the `public` listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientAddress(pub(super) Option<IpAddr>);

impl ClientAddress {
    /// A header whose value is no text ends the reading, as any malformed one does.
    pub(super) fn of(headers: &HeaderMap, peer: Option<IpAddr>, proxies: &TrustedProxies) -> Self {
        let lines = headers.get_all(X_FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or_default());
        Self(proxies.client(peer, lines))
    }
}
