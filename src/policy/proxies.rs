//! Whose request it is when reverse proxies stand in between.

use std::net::{IpAddr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};

/// Networks whose word on where a request came from is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// What was given is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address nor a network: write 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32")]
pub struct InvalidProxy(String);

impl TrustedProxies {
    /// Addresses, or networks in CIDR notation (RFC 4632 §3.1).
    ///
    /// # Errors
    ///
    /// [`InvalidProxy`] names the entry that is neither.
    pub fn new(entries: &[String]) -> Result<Self, InvalidProxy> {
        let parsed = entries.iter().map(|entry| network(entry).ok_or_else(|| InvalidProxy(entry.clone())));
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Who asked, `peer` being at the other end of the connection (`None` on a unix socket, which only programs of this machine reach) and
    /// `forwarded_for` the values of `X-Forwarded-For`, line by line.
    ///
    /// Each proxy adds whom it was asked by at the right. So the rightmost address that is no trusted proxy's is the client's: what
    /// stands left of it is hearsay. Something that is no address ends the reading; the one before it counts.
    pub fn client<'h>(
        &self,
        peer: Option<IpAddr>,
        forwarded_for: impl DoubleEndedIterator<Item = &'h str>,
    ) -> Option<IpAddr> {
        let mut client = peer.map(|peer| peer.to_canonical());
        for entry in forwarded_for.rev().flat_map(|line| line.rsplit(',')) {
            if client.is_some_and(|client| !self.trust(client)) {
                break;
            }
            let Some(before) = address(entry) else { break };
            client = Some(before);
        }
        client
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An IPv4 network may be written as one of IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2).
fn network(text: &str) -> Option<IpNet> {
    let network = text.parse().or_else(|_| text.parse().map(|address: IpAddr| IpNet::from(address))).ok()?;
    let mapped = network.prefix_len().checked_sub(96);
    match (network.addr().to_canonical(), mapped) {
        (IpAddr::V4(address), Some(length)) => Ipv4Net::new(address, length).ok().map(IpNet::from),
        _ => Some(network),
    }
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:4711`
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim_matches([' ', '\t']);
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let parsed = bare.parse().or_else(|_| entry.parse().map(|socket: SocketAddr| socket.ip()));
    parsed.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proxies(entries: &[&str]) -> TrustedProxies {
        TrustedProxies::new(&entries.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    #[track_caller]
    fn assert_client(proxies: &TrustedProxies, peer: &str, lines: &[&str], client: &str) {
        let found = proxies.client(peer.parse().ok(), lines.iter().copied());
        assert_eq!(found, client.parse().ok(), "{peer} with {lines:?}");
    }

    #[test]
    fn the_rightmost_stranger_is_the_client() {
        let ours = proxies(&["10.0.0.0/8", "192.0.2.7", "::1", "2001:db8::/32"]);
        for (peer, lines, client) in [
            ("203.0.113.9", &[][..], "203.0.113.9"),
            ("203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            ("192.0.2.7", &["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
            ("192.0.2.8", &["6.6.6.6, 198.51.100.1"], "192.0.2.8"),
            ("::1", &["6.6.6.6", "198.51.100.1,10.0.0.1"], "198.51.100.1"),
            ("10.1.2.3", &["10.0.0.9, 2001:db8::1"], "10.0.0.9"),
            ("10.1.2.3", &["198.51.100.1:4711\t"], "198.51.100.1"),
            ("10.1.2.3", &["2001:0::9"], "2001::9"),
            ("10.1.2.3", &["[2001::9]:4711 , [2001:db8::1]"], "2001::9"),
            ("::ffff:10.1.2.3", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("a unix socket", &[], "nobody"),
            ("a unix socket", &["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ] {
            assert_client(&ours, peer, lines, client);
        }
    }

    #[test]
    fn what_is_no_address_ends_the_reading() {
        let ours = proxies(&["10.0.0.0/8"]);
        for line in ["198.51.100.1, unknown", "198.51.100.1,", "", "198.51.100.1, 1.2.3", "6.6.6.6; 1.2.3.4"]
        {
            assert_client(&ours, "10.0.0.1", &[line], "10.0.0.1");
            assert_client(&ours, "a unix socket", &[line], "nobody");
        }
        assert_client(&ours, "10.0.0.1", &["198.51.100.1, ?, 10.0.0.2"], "10.0.0.2");
    }

    #[test]
    fn networks_may_be_written_as_mapped_ones() {
        for mapped in ["::ffff:10.0.0.0/104", "::ffff:10.1.2.3", "10.1.2.3/8"] {
            assert_client(&proxies(&[mapped]), "10.1.2.3", &["198.51.100.1"], "198.51.100.1");
        }
        assert_client(&proxies(&["::/0"]), "10.1.2.3", &["198.51.100.1"], "10.1.2.3");
    }

    #[test]
    fn what_is_no_network_is_named() {
        for wrong in ["", "localhost", "10.0.0.0/33", "10.0.0", "192.0.2.7:80", "[::1]"] {
            let refused = TrustedProxies::new(&["::1".to_owned(), wrong.to_owned()]).unwrap_err();
            assert_eq!(refused, InvalidProxy(wrong.to_owned()));
        }
    }

    /// 10.0.0.0/8 is ours.
    fn of_strangers() -> impl Strategy<Value = IpAddr> {
        any::<IpAddr>().prop_filter("ours", |address| match address.to_canonical() {
            IpAddr::V4(address) => address.octets()[0] != 10,
            IpAddr::V6(_) => true,
        })
    }

    fn of_ours() -> impl Strategy<Value = IpAddr> {
        any::<[u8; 3]>().prop_map(|[a, b, c]| IpAddr::from([10, a, b, c]))
    }

    proptest! {
        #[test]
        fn a_stranger_never_chooses_his_address(
            peer in of_strangers(),
            lines in prop::collection::vec("[0-9a-f:., \\[\\]]{0,40}", 0..4),
        ) {
            let found = proxies(&["10.0.0.0/8"]).client(Some(peer), lines.iter().map(String::as_str));
            prop_assert_eq!(found, Some(peer.to_canonical()));
        }

        #[test]
        fn hearsay_never_counts(
            peer in prop::option::of(of_ours()),
            claimed in prop::collection::vec("[ -~]{0,40}", 0..4),
            client in of_strangers(),
            between in prop::collection::vec(of_ours(), 0..4),
            one_line in any::<bool>(),
        ) {
            let told = std::iter::once(client).chain(between).map(|address| address.to_string());
            let lines: Vec<_> = claimed.into_iter().chain(told).collect();
            let lines = if one_line { vec![lines.join(", ")] } else { lines };
            let found = proxies(&["10.0.0.0/8"]).client(peer, lines.iter().map(String::as_str));
            prop_assert_eq!(found, Some(client.to_canonical()));
        }
    }
}
