//! Signatures that a public key was found to have made.
//!
//! A client shows the same token at each of its logins until that expires, and a public key needs ten times as long for it as all
//! the rest of a login. So the key remembers what it verified. It remembers signatures and not verdicts: dates, audience and user are judged
//! anew each time, and a key that is taken out of its set takes its memory along.

use std::iter::repeat_with;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{Context, SHA256};

/// 2 MiB for each key that a token was signed with.
const SLOTS: usize = 65_536;

/// Room for one.
type Slot = [AtomicU64; 4];

/// What identifies a signed text with its signature: their SHA-256.
type Fingerprint = [u64; 4];

/// A fixed number of fingerprints. Newer ones take the place of older ones.
///
/// A slot is not written in one step. What two writers may leave in it together is the fingerprint of nothing that anybody could find, as
/// long as SHA-256 holds.
#[derive(Debug, Default)]
pub(super) struct SeenSignatures(OnceLock<Box<[Slot]>>);

impl SeenSignatures {
    /// Whether `signature` was remembered for `signed`. If not, `verify` is asked, and remembered if it says yes.
    pub(super) fn or(&self, signed: &[u8], signature: &[u8], verify: impl FnOnce() -> bool) -> bool {
        let fingerprint = fingerprint(signed, signature);
        let at = usize::try_from(fingerprint[0]).unwrap_or_default() % SLOTS;
        if self.0.get().is_some_and(|slots| holds(&slots[at], fingerprint)) {
            return true;
        }
        let good = verify();
        if good {
            let slots = self.0.get_or_init(|| repeat_with(Slot::default).take(SLOTS).collect());
            slots[at].iter().zip(fingerprint).for_each(|(word, own)| word.store(own, Ordering::Relaxed));
        }
        good
    }
}

fn holds(slot: &Slot, fingerprint: Fingerprint) -> bool {
    slot.iter().zip(fingerprint).all(|(word, own)| word.load(Ordering::Relaxed) == own)
}

fn fingerprint(signed: &[u8], signature: &[u8]) -> Fingerprint {
    let mut hash = Context::new(&SHA256);
    // With its length in front no byte can move from the one to the other.
    hash.update(&signed.len().to_le_bytes());
    hash.update(signed);
    hash.update(signature);
    let hash = hash.finish();
    let mut words = hash.as_ref().as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word));
    std::array::from_fn(|_| words.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_good_is_remembered_and_nothing_else() {
        let seen = SeenSignatures::default();
        let asked = |signed: &[u8], signature: &[u8], good| {
            let mut asked = false;
            let answer = seen.or(signed, signature, || {
                asked = true;
                good
            });
            (asked, answer)
        };
        assert_eq!(asked(b"signed", b"bad", false), (true, false));
        assert_eq!(asked(b"signed", b"bad", false), (true, false), "what is bad is looked at each time");
        assert_eq!(asked(b"signed", b"good", true), (true, true));
        assert_eq!(asked(b"signed", b"good", false), (false, true));
        for (signed, signature) in [
            (&b"signe"[..], &b"dgood"[..]),
            (b"signedg", b"ood"),
            (b"signed", b""),
            (b"", b"signedgood"),
            (b"", b""),
        ] {
            assert_eq!(asked(signed, signature, false), (true, false), "{signed:?} {signature:?}");
        }
    }
}
