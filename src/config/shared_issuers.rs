//! Issuers that several vhosts share.

use std::iter;

use super::{HostSettings, IssuerSettings};
use crate::authn::SharedSecret;

/// Where a token of one vhost would be good at another, only its user can tell which one is meant: he has to be named by his full
/// JID then. Elsewhere the localpart alone is enough.
pub(super) fn tell_vhosts_apart(hosts: &mut [HostSettings], notices: &mut Vec<String>) {
    for at in 0..hosts.len() {
        let (before, rest) = hosts.split_at_mut(at);
        let Some((host, after)) = rest.split_first_mut() else { continue };
        for issuer in &mut host.issuers {
            let others = before.iter().chain(after.iter());
            let ambiguous = others.flat_map(|other| iter::repeat(&other.vhost).zip(&other.issuers));
            let Some((other, _)) = ambiguous.into_iter().find(|(_, other)| good_at_both(issuer, other))
            else {
                continue;
            };
            issuer.full_jid_only = true;
            notices.push(format!(
                "{} and {other} share the issuer {:?} without audiences of their own: its tokens have to name their user by the full JID",
                host.vhost, issuer.issuer
            ));
        }
    }
}

fn good_at_both(one: &IssuerSettings, other: &IssuerSettings) -> bool {
    let same_audience = one.audience.is_empty() && other.audience.is_empty()
        || one.audience.iter().any(|audience| other.audience.contains(audience));
    one.issuer == other.issuer && same_audience && !different_keys(one, other)
}

/// Keys of different kinds, or secrets that are written down and have none in common. Others are taken to be the same, wherever they
/// are read from: they may become so.
fn different_keys(one: &IssuerSettings, other: &IssuerSettings) -> bool {
    let (one, other) = (&one.keys, &other.keys);
    let apart = |secret: &SharedSecret| other.secrets().iter().all(|that| that.bytes() != secret.bytes());
    let both_written = !one.secrets().is_empty() && !other.secrets().is_empty();
    one.set().is_shared() != other.set().is_shared() || both_written && one.secrets().iter().all(apart)
}
