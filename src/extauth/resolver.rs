//! Addresses for the HTTP client.

use std::net::SocketAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Takes an address as it is and looks up only names. The client asks for each request, also on a kept connection, and a look-up
/// with a time limit costs it a thread: half of the time that a request takes.
#[derive(Debug, Default)]
pub(super) struct LiteralFirst(DefaultResolver);

impl Resolver for LiteralFirst {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let Some(address) = literal(uri) else { return self.0.resolve(uri, config, timeout) };
        let mut addresses = self.empty();
        addresses.push(address);
        Ok(addresses)
    }
}

fn literal(uri: &Uri) -> Option<SocketAddr> {
    DefaultResolver::host_and_port(uri.scheme()?, uri.authority()?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_they_are() {
        for (uri, address) in [
            ("http://127.0.0.1:8081/x", Some("127.0.0.1:8081")),
            ("http://[::1]:8081/x", Some("[::1]:8081")),
            ("http://127.0.0.1/x", Some("127.0.0.1:80")),
            ("http://localhost:8081/x", None),
        ] {
            assert_eq!(literal(&uri.parse().unwrap()), address.map(|text| text.parse().unwrap()), "{uri}");
        }
    }
}
