//! How long files are kept.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What a file is for, as XEP-0363 1.2 tells uploads apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To be part of a message. What has no other purpose.
    Message,
    /// To be seen by everybody for as long as the user likes, as his picture.
    Profile,
    /// To be fetched soon and then of no use.
    Ephemeral,
    /// To stay.
    Permanent,
}

/// There is no such purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no purpose of uploads: there are \"message\", \"profile\", \"ephemeral\" and \"permanent\"")]
pub struct UnknownPurpose;

/// The vhost does not take files for this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("files for the purpose {0} are not taken here")]
pub struct PurposeRefusal(pub Purpose);

/// The deadline of a file that is kept for ever, where one has to be told: the last second of the year 9999.
const FOR_EVER: u64 = 253_402_300_799;

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Message, Self::Profile, Self::Ephemeral, Self::Permanent];

    /// Its name in XEP-0363.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Profile => "profile",
            Self::Ephemeral => "ephemeral",
            Self::Permanent => "permanent",
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(name: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name).ok_or(UnknownPurpose)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How long a vhost keeps files; `None` for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Files of which nothing else is known.
    pub general: Option<Duration>,
    /// Files for these purposes. Others are taken for messages alone.
    pub by_purpose: BTreeMap<Purpose, Option<Duration>>,
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
    pub fn keep(&self, purpose: Option<Purpose>, now: u64) -> Result<Option<u64>, PurposeRefusal> {
        let asked = purpose.unwrap_or(Purpose::Message);
        if !self.takes(asked) {
            return Err(PurposeRefusal(asked));
        }
        let Some(time) = self.by_purpose.get(&asked) else { return Ok(None) };
        Ok(Some(time.map_or(FOR_EVER, |time| now.saturating_add(time.as_secs()))))
    }

    /// Until when a file is kept that is stored at `now`, if its slot said `keep`; `None` for ever.
    #[must_use]
    pub fn deadline(&self, keep: Option<u64>, now: u64) -> Option<u64> {
        let general = || self.general.map(|time| rounded(now, time.as_secs()));
        keep.or_else(general).filter(|until| *until < FOR_EVER)
    }

    fn takes(&self, purpose: Purpose) -> bool {
        purpose == Purpose::Message || self.by_purpose.contains_key(&purpose)
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
            (None, Some(1_086_912)),
            (Some(Purpose::Message), Some(1_086_912)),
            (Some(Purpose::Ephemeral), Some(1_003_600)),
            (Some(Purpose::Permanent), None),
        ] {
            let keep = retention.keep(purpose, 1_000_000).unwrap();
            assert_eq!(retention.deadline(keep, 1_000_000), until, "{purpose:?}");
        }
        assert_eq!(retention.keep(Some(Purpose::Profile), 0), Err(PurposeRefusal(Purpose::Profile)));
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
    fn names_are_those_of_the_specification() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.to_string().parse(), Ok(purpose));
        }
        assert_eq!("avatar".parse::<Purpose>(), Err(UnknownPurpose));
    }
}
