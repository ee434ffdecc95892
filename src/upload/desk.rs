//! Where users ask for slots, through whichever door: whose they are, how many there may be, whether there is room for their files, how long those are
//! kept, and what log and metrics tell of it.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use super::usage::NoRoom;
use super::{QuotaRefusal, Site, Sites, Slot, SlotOffice, SlotRefusal, SlotRequest, UploadRules, Usage};
use crate::authn::Carrier;
use crate::policy::{MinuteBudgets, Promise, PurposeRefusal, Rate, UsedUp};
use crate::store::{ObjectKey, within};
use crate::telemetry::audit::{self, SlotAsked, Why};
use crate::telemetry::reason::{FileReason, Reason, SlotReason};
use crate::types::{BareJid, ContentType, Purpose, Vhost};

/// For the sums of what is stored. A door that gives up earlier would hide the reason, and leave a promise for a slot that nobody got.
const SUMS: Duration = Duration::from_secs(4);

/// What somebody wants to upload.
#[derive(Debug, Clone)]
pub struct SlotWish<'wish> {
    /// The file's name, as he calls it.
    pub filename: &'wish str,
    /// Its bytes.
    pub size: u64,
    /// Its type, if he said so.
    pub content_type: Option<ContentType>,
    /// What for.
    pub purpose: Purpose,
    /// Where the token shall travel.
    pub carrier: Carrier,
}

/// What is wrong with a request, whatever it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// It does not say what somebody wants.
    #[error("{0}")]
    Malformed(&'static str),
    /// Not all of it was kept.
    #[error("the request is too large, or has too many parts")]
    TooLarge,
    /// Whoever is one user to his server and another to us would get that one's slots.
    #[error("the address that this request comes from is not written as it should be")]
    AskerMisspelt,
}

impl From<&'static str> for RequestFault {
    fn from(problem: &'static str) -> Self {
        Self::Malformed(problem)
    }
}

/// Why he gets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SlotDenial {
    /// He is of another server.
    #[error("this service is for users of its own server")]
    Stranger,
    /// He asks too often.
    #[error("more than limits.slots_per_minute")]
    Rate {
        /// When he may ask again, in seconds since 1970.
        retry: u64,
    },
    /// It is not clear what he wants.
    #[error(transparent)]
    Request(#[from] RequestFault),
    /// There is no room for it.
    #[error(transparent)]
    Quota(#[from] QuotaRefusal),
    /// The vhost does not take files for this.
    #[error(transparent)]
    Purpose(#[from] PurposeRefusal),
    /// Nobody knows how much room there is.
    #[error("the store does not tell how much is stored, or not soon enough")]
    StoreAway,
    /// Whoever was to answer gave up.
    #[error("there was no answer in time")]
    Late,
    /// The vhost does not take it.
    #[error(transparent)]
    Refused(#[from] SlotRefusal),
}

impl SlotDenial {
    /// The stable reason code.
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::Stranger => SlotReason::Stranger.into(),
            Self::Rate { .. } => SlotReason::SlotRate.into(),
            Self::Request(RequestFault::Malformed(_)) => SlotReason::RequestMalformed.into(),
            Self::Request(RequestFault::TooLarge) => SlotReason::RequestTooLarge.into(),
            Self::Request(RequestFault::AskerMisspelt) => SlotReason::AskerMisspelt.into(),
            Self::Quota(quota) => quota.reason().into(),
            Self::Purpose(_) => FileReason::PurposeNotAllowed.into(),
            Self::Late => SlotReason::Late.into(),
            Self::StoreAway => FileReason::StoreFailed.into(),
            Self::Refused(refusal) => refusal.reason().into(),
        }
    }
}

/// Issues the slots of all vhosts.
#[derive(Debug)]
pub struct SlotDesk {
    sites: Arc<Sites>,
    rules: HashMap<Vhost, UploadRules>,
    usage: Arc<Usage>,
    rates: Arc<MinuteBudgets>,
}

impl From<NoRoom> for SlotDenial {
    fn from(none: NoRoom) -> Self {
        match none {
            NoRoom::Quota(quota) => quota.into(),
            // The health of the store tells the operator.
            NoRoom::Store(_) => Self::StoreAway,
        }
    }
}

impl SlotDesk {
    /// Slots for these places by these rules, as far as `usage` leaves room, and so many for each user as `rates` allow.
    #[must_use]
    pub fn new(
        sites: Arc<Sites>,
        rules: HashMap<Vhost, UploadRules>,
        usage: Arc<Usage>,
        rates: Arc<MinuteBudgets>,
    ) -> Self {
        Self { sites, rules, usage, rates }
    }

    /// The largest file that this user may upload, if there is any.
    #[must_use]
    pub fn max_size(&self, user: &BareJid) -> Option<u64> {
        self.of(user).map(|(_, rules)| rules.max_size)
    }

    /// The purposes for which this user may upload.
    #[must_use]
    pub fn purposes(&self, user: &BareJid) -> Vec<Purpose> {
        self.of(user).map(|(_, rules)| rules.retention.purposes().collect()).unwrap_or_default()
    }

    /// A slot for `user`, of whom `door` knows that it is him. `now` is the time since 1970.
    ///
    /// # Errors
    ///
    /// [`SlotDenial`], which is logged and counted already.
    pub async fn issue(
        &self,
        user: &BareJid,
        wish: Result<SlotWish<'_>, RequestFault>,
        door: &'static str,
        now: Duration,
    ) -> Result<Slot, SlotDenial> {
        let wish = match wish {
            Ok(wish) => wish,
            Err(fault) => return Err(self.refuse(user, fault, door, now)),
        };
        let (asked, bytes) = (self.asked(user, door), wish.size);
        let (office, rate) = self.admit(user, now);
        let slot = match office {
            Ok(office) => self.grant(office, user, wish, now.as_secs()).await,
            Err(denial) => Err(denial),
        };
        match &slot {
            Ok(_) => audit::slot_issued(asked, bytes),
            Err(denial) => tell(asked, denial, rate),
        }
        slot
    }

    /// Refuses a request of `user` that has a fault, and logs and counts that. It is one of those that he may have in a minute, if it is his.
    #[must_use]
    pub fn refuse(
        &self,
        user: &BareJid,
        fault: RequestFault,
        door: &'static str,
        now: Duration,
    ) -> SlotDenial {
        let (denial, rate) = if fault == RequestFault::AskerMisspelt {
            (fault.into(), Rate::Within)
        } else {
            let (office, rate) = self.admit(user, now);
            (office.err().unwrap_or(fault.into()), rate)
        };
        tell(self.asked(user, door), &denial, rate);
        denial
    }

    /// Logs and counts that `door` has given up a request of `user`.
    pub fn gave_up(&self, user: &BareJid, door: &'static str) {
        tell(self.asked(user, door), &SlotDenial::Late, Rate::Within);
    }

    /// Who issues slots to `user`, unless he asks too often.
    fn admit(&self, user: &BareJid, now: Duration) -> (Result<SlotOffice<'_>, SlotDenial>, Rate) {
        // Strangers are not counted: they would share their numbers with users, who would get no slots for it.
        let Some((site, rules)) = self.of(user) else { return (Err(SlotDenial::Stranger), Rate::Within) };
        let taken = self.rates.take(user, 1, now.as_secs());
        let office = taken.map(|()| SlotOffice { site, rules });
        let office = office
            .map_err(|UsedUp { retry_after, .. }| SlotDenial::Rate { retry: now.as_secs() + retry_after });
        (office, taken.into())
    }

    fn asked<'asked>(&'asked self, user: &'asked BareJid, door: &'static str) -> SlotAsked<'asked> {
        SlotAsked { user: user.as_str(), vhost: self.of(user).map(|(site, _)| &site.vhost), door }
    }

    async fn grant(
        &self,
        office: SlotOffice<'_>,
        user: &BareJid,
        wish: SlotWish<'_>,
        now: u64,
    ) -> Result<Slot, SlotDenial> {
        let (vhost, size, owner) = (&office.site.vhost, wish.size, user.into());
        let SlotWish { filename, content_type, purpose, carrier, .. } = wish;
        let keep = office.rules.retention.keep(purpose, now)?;
        let slot = office
            .issue(&SlotRequest { user, filename, size, content_type, keep, carrier, ttl: None }, now)?;
        let (key, promise) =
            (ObjectKey::file(vhost, &slot.path), Promise { bytes: size, until: slot.expires });
        let promised = self.usage.promise(office.rules.quotas, vhost, owner, &key, promise, now);
        // The listing goes on, and the next one who asks has its sum. What was given up has promised nothing: that comes last, at one stroke.
        within(SUMS, promised).await.ok_or(SlotDenial::StoreAway)??;
        Ok(slot)
    }

    fn of(&self, user: &BareJid) -> Option<(&Site, &UploadRules)> {
        let site = self.sites.all().find(|site| *site.vhost == *user.domain())?;
        Some((site, self.rules.get(&site.vhost)?))
    }
}

fn tell(asked: SlotAsked<'_>, denial: &SlotDenial, rate: Rate) {
    audit::slot_refused(asked, Why::new(denial.reason(), denial as &dyn Display), rate);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::Quotas;
    use crate::upload::site::tests::site;

    const NOW: Duration = Duration::from_hours(500_000);

    async fn slot(desk: &SlotDesk) -> Result<Slot, SlotDenial> {
        let (filename, purpose, carrier) = ("cat.jpg", Purpose::default(), Carrier::Header);
        let wish = SlotWish { filename, size: 10, content_type: None, purpose, carrier };
        let alice = BareJid::new("alice@example.org").unwrap();
        let asked = desk.issue(&alice, Ok(wish), "test", NOW);
        tokio::time::timeout(Duration::from_mins(1), asked).await.expect("an answer in time")
    }

    #[tokio::test]
    async fn who_would_wait_too_long_for_sums_is_denied_and_promised_nothing() {
        for quotas in
            [Quotas { per_user: Some(10), per_host: None }, Quotas { per_user: Some(10), per_host: Some(10) }]
        {
            let usage = Arc::new(Usage::of_nothing());
            let site = site("example.org", "/upload/example.org/", &[]);
            let rules = UploadRules { max_size: 10, quotas, ..UploadRules::default() };
            let rules = HashMap::from([(site.vhost.clone(), rules)]);
            let sites = Arc::new(Sites::new(vec![site]).unwrap());
            let rates = Arc::new(MinuteBudgets::new(0));
            let desk = SlotDesk::new(sites, rules, Arc::clone(&usage), rates);

            let seats = usage.lister.seats.all().await;
            let denial = slot(&desk).await.err().expect("nobody counts");
            assert_eq!((denial, denial.reason().code()), (SlotDenial::StoreAway, "store_failed"));
            drop(seats);
            assert!(slot(&desk).await.is_ok(), "all of the quota is left");
            let denial = slot(&desk).await.err().expect("all of it is promised");
            assert!(matches!(denial, SlotDenial::Quota(QuotaRefusal::User { left: 0, .. })), "{denial}");
        }
    }
}
