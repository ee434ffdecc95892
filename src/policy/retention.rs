//! How long files are kept.

use std::collections::HashMap;
use std::time::Duration;

use crate::types::Purpose;

/// The vhost does not take files for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("files for the purpose {} are not taken here", .0.name())]
pub struct PurposeRefusal(pub Purpose);

/// The deadline of a file that is kept for ever, where one has to be told: the last second of the year 9999.
const FOR_EVER: u64 = 253_402_300_799;

/// How long a vhost keeps files; `None` for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Files of which nothing else is known.
    pub general: Option<Duration>,
    /// Files for these purposes. Without any, and where all is kept for ever, they are taken for all purposes, and otherwise for messages as well.
    pub by_purpose: HashMap<Purpose, Option<Duration>>,
}

impl Retention {
    /// The purposes for which the vhost takes files.
    pub fn purposes(&self) -> impl Iterator<Item = Purpose> {
        Purpose::ALL.into_iter().filter(|purpose| self.takes(*purpose))
    }

    /// Until when a file for this purpose is kept that gets a slot at `now`: what the slot says, in seconds since 1970. `None` if nothing has to be said.
    ///
    /// # Errors
    ///
    /// [`PurposeRefusal`] if the vhost takes none.
    pub fn keep(&self, purpose: Purpose, now: u64) -> Result<Option<u64>, PurposeRefusal> {
        if !self.takes(purpose) {
            return Err(PurposeRefusal(purpose));
        }
        let Some(time) = self.by_purpose.get(&purpose) else { return Ok(None) };
        Ok(Some(time.map_or(FOR_EVER, |time| now.saturating_add(time.as_secs()))))
    }

    /// Until when a file is kept that is stored at `now`, if its slot said `keep`; `None` for ever.
    #[must_use]
    pub fn deadline(&self, keep: Option<u64>, now: u64) -> Option<u64> {
        let general = || self.general.map(|time| rounded(now, time.as_secs()));
        keep.or_else(general).filter(|until| *until < FOR_EVER)
    }

    fn takes(&self, purpose: Purpose) -> bool {
        let all = self.general.is_none() && self.by_purpose.is_empty();
        all || purpose == Purpose::Message || self.by_purpose.contains_key(&purpose)
    }
}

/// `time` from `now`, up to a hundredth of it and an hour later: so that many attempts at one upload have one deadline.
fn rounded(now: u64, time: u64) -> u64 {
    let (exact, step) = (now.saturating_add(time), (time / 100).clamp(1, 3600));
    exact.checked_next_multiple_of(step).unwrap_or(exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn retention() -> Retention {
        let by_purpose = [(Purpose::Ephemeral, Some(DAY / 24)), (Purpose::Permanent, None)].into();
        Retention { general: Some(DAY), by_purpose }
    }

    #[test]
    fn a_purpose_has_its_time_and_a_message_that_of_all_files() {
        let retention = retention();
        for (purpose, until) in [
            (Purpose::Message, Some(1_086_912)),
            (Purpose::Ephemeral, Some(1_003_600)),
            (Purpose::Permanent, None),
        ] {
            let keep = retention.keep(purpose, 1_000_000).unwrap();
            assert_eq!(retention.deadline(keep, 1_000_000), until, "{purpose:?}");
        }
        assert_eq!(retention.keep(Purpose::Profile, 0), Err(PurposeRefusal(Purpose::Profile)));
        assert!(retention.purposes().eq([Purpose::Message, Purpose::Ephemeral, Purpose::Permanent]));
    }

    #[test]
    fn what_the_slot_says_counts_whatever_is_configured_since() {
        assert_eq!(Retention::default().deadline(Some(7), 1_000_000), Some(7));
        assert_eq!(retention().deadline(Some(FOR_EVER), 0), None);
        assert_eq!(retention().deadline(Some(u64::MAX), 0), None);
        assert_eq!(Retention::default().deadline(None, 5), None);
    }

    #[test]
    fn where_all_is_kept_for_ever_all_is_taken() {
        let retention = Retention::default();
        assert!(retention.purposes().eq(Purpose::ALL));
        assert_eq!(retention.keep(Purpose::Permanent, 0), Ok(None));
        let general = Retention { general: Some(DAY), ..retention };
        assert!(general.purposes().eq([Purpose::Message]));
    }
}
