//! How many slots, and how many bytes, a user and an address have in a minute.

use std::net::{IpAddr, Ipv6Addr};

use crate::policy::{MinuteBudgets, UsedUp};
use crate::telemetry::reason::FileReason;
use crate::types::UserHash;

/// So many times as much as a user has an address, behind which there may be many.
const USERS_OF_AN_ADDRESS: u64 = 10;

/// What was used of this minute's slots and bytes.
#[derive(Debug)]
pub struct Rates {
    slots: ByWhom,
    bytes: ByWhom,
}

#[derive(Debug)]
struct ByWhom {
    users: MinuteBudgets,
    addresses: MinuteBudgets,
}

/// Too much within a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateRefusal {
    /// Slots.
    #[error("too many uploads at once: try again in {retry_after} seconds")]
    Slots {
        /// When, in seconds.
        retry_after: u64,
    },
    /// Bytes.
    #[error("too much was uploaded within a minute: try again in {retry_after} seconds")]
    Bytes {
        /// When, in seconds.
        retry_after: u64,
    },
}

impl RateRefusal {
    /// When to try again, in seconds.
    #[must_use]
    pub fn retry_after(self) -> u64 {
        match self {
            Self::Slots { retry_after } | Self::Bytes { retry_after } => retry_after,
        }
    }

    /// The stable reason code.
    pub(crate) fn reason(self) -> FileReason {
        match self {
            Self::Slots { .. } => FileReason::SlotRate,
            Self::Bytes { .. } => FileReason::ByteRate,
        }
    }
}

impl Rates {
    /// So much for a user; 0 for any amount.
    #[must_use]
    pub fn new(slots: u64, bytes: u64) -> Self {
        Self { slots: ByWhom::new(slots), bytes: ByWhom::new(bytes) }
    }

    /// So much from now on.
    pub fn allow(&self, slots: u64, bytes: u64) {
        self.slots.allow(slots);
        self.bytes.allow(bytes);
    }

    pub(super) fn take_slot(
        &self,
        user: UserHash,
        client: Option<IpAddr>,
        now: u64,
    ) -> Result<(), RateRefusal> {
        let refused = |UsedUp { retry_after }| RateRefusal::Slots { retry_after };
        self.slots.take(Some(user), client, 1, now).map_err(refused)
    }

    pub(super) fn take_bytes(
        &self,
        user: Option<UserHash>,
        client: Option<IpAddr>,
        bytes: u64,
        now: u64,
    ) -> Result<(), RateRefusal> {
        let refused = |UsedUp { retry_after }| RateRefusal::Bytes { retry_after };
        self.bytes.take(user, client, bytes, now).map_err(refused)
    }
}

impl ByWhom {
    fn new(per_minute: u64) -> Self {
        let of_address = per_minute.saturating_mul(USERS_OF_AN_ADDRESS);
        Self { users: MinuteBudgets::new(per_minute), addresses: MinuteBudgets::new(of_address) }
    }

    fn allow(&self, per_minute: u64) {
        self.users.allow(per_minute);
        self.addresses.allow(per_minute.saturating_mul(USERS_OF_AN_ADDRESS));
    }

    fn take(
        &self,
        user: Option<UserHash>,
        client: Option<IpAddr>,
        amount: u64,
        now: u64,
    ) -> Result<(), UsedUp> {
        user.map_or(Ok(()), |user| self.users.take(user, amount, now))?;
        client.map_or(Ok(()), |client| self.addresses.take(network(client), amount, now))
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
        let rates = Rates::new(1, 0);
        let take = |user: usize, client: &str| {
            let user = BareJid::new(&format!("u{user}@a.org")).unwrap();
            rates.take_slot(UserHash::from(&user), Some(client.parse().unwrap()), 0).is_ok()
        };
        assert_eq!([take(0, "192.0.2.1"), take(0, "192.0.2.2")], [true, false]);
        let taken = (100..120).filter(|user| take(*user, "2001:db8::1")).count();
        assert_eq!((taken, take(200, "2001:db8::2"), take(201, "2001:db8:0:1::2")), (10, false, true));
        let retry = rates.take_slot(UserHash::from(&BareJid::new("u0@a.org").unwrap()), None, 5);
        assert_eq!(retry.unwrap_err().retry_after(), 55);
    }
}
