//! How many bytes a user and an address have in a minute.

use std::net::{IpAddr, Ipv6Addr};

use crate::policy::{MinuteBudgets, UsedUp};
use crate::types::UserHash;

/// So many times as much as a user has an address, behind which there may be many.
const USERS_OF_AN_ADDRESS: u64 = 10;

/// What was used of this minute's bytes.
#[derive(Debug)]
pub struct Rates {
    users: MinuteBudgets,
    addresses: MinuteBudgets,
}

/// Too much within a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than limits.bytes_per_minute was uploaded by this user, or from this address")]
pub struct RateRefusal {
    /// When to try again, in seconds.
    pub retry_after: u64,
}

impl Rates {
    /// So much for a user; 0 for any amount.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let of_address = bytes.saturating_mul(USERS_OF_AN_ADDRESS);
        Self { users: MinuteBudgets::new(bytes), addresses: MinuteBudgets::new(of_address) }
    }

    /// So much from now on.
    pub fn allow(&self, bytes: u64) {
        self.users.allow(bytes);
        self.addresses.allow(bytes.saturating_mul(USERS_OF_AN_ADDRESS));
    }

    /// Whether there is a limit at all.
    pub(super) fn are_limited(&self) -> bool {
        self.users.are_limited()
    }

    pub(super) fn take_from_address(&self, client: IpAddr, bytes: u64, now: u64) -> Result<(), RateRefusal> {
        self.addresses.take(network(client), bytes, now).map_err(RateRefusal::from)
    }

    pub(super) fn take_from_user(&self, user: UserHash, bytes: u64, now: u64) -> Result<(), RateRefusal> {
        self.users.take(user, bytes, now).map_err(RateRefusal::from)
    }
}

impl From<UsedUp> for RateRefusal {
    fn from(UsedUp { retry_after, .. }: UsedUp) -> Self {
        Self { retry_after }
    }
}

/// Whoever has an IPv6 address has all of its /64.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::BareJid;

    #[test]
    fn a_user_has_his_and_an_address_ten_times_as_much() {
        let rates = Rates::new(1);
        let take = |user: usize, client: &str| {
            let user = UserHash::from(&BareJid::new(&format!("u{user}@a.org")).unwrap());
            rates.take_from_address(client.parse().unwrap(), 1, 0).is_ok()
                && rates.take_from_user(user, 1, 0).is_ok()
        };
        assert_eq!([take(0, "192.0.2.1"), take(0, "192.0.2.2")], [true, false]);
        let taken = (100..120).filter(|user| take(*user, "2001:db8::1")).count();
        assert_eq!((taken, take(200, "2001:db8::2"), take(201, "2001:db8:0:1::2")), (10, false, true));
        let retry = rates.take_from_user(UserHash::from(&BareJid::new("u0@a.org").unwrap()), 1, 5);
        assert_eq!(retry.unwrap_err().retry_after, 55);
    }
}
