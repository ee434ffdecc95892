//! Where users ask for slots, through whichever door: whose they are, how many there may be, and what log and metrics tell of it.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use super::{Site, Sites, Slot, SlotOffice, SlotRefusal, SlotRequest, UploadRules};
use crate::authn::Carrier;
use crate::policy::{MinuteRates, Rate};
use crate::telemetry::audit::{self, SlotAsked, Why};
use crate::telemetry::reason::{Reason, SlotReason};
use crate::types::{BareJid, ContentType, Purpose, Vhost};

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
    /// He did not say what he wants.
    #[error("{0}")]
    Malformed(&'static str),
    /// The vhost does not take it.
    #[error(transparent)]
    Refused(#[from] SlotRefusal),
}

impl SlotDenial {
    fn reason(self) -> Reason {
        match self {
            Self::Stranger => SlotReason::Stranger.into(),
            Self::Rate { .. } => SlotReason::SlotRate.into(),
            Self::Malformed(_) => SlotReason::RequestMalformed.into(),
            Self::Refused(refusal) => refusal.reason().into(),
        }
    }
}

/// Issues the slots of all vhosts.
#[derive(Debug)]
pub struct SlotDesk {
    sites: Arc<Sites>,
    rules: HashMap<Vhost, UploadRules>,
    rates: Arc<MinuteRates>,
}

impl SlotDesk {
    /// Slots for these places by these rules, so many for each user as `rates` allow.
    #[must_use]
    pub fn new(sites: Arc<Sites>, rules: HashMap<Vhost, UploadRules>, rates: Arc<MinuteRates>) -> Self {
        Self { sites, rules, rates }
    }

    /// The largest file that this user may upload, if there is any.
    #[must_use]
    pub fn max_size(&self, user: &BareJid) -> Option<u64> {
        self.of(user).map(|(_, rules)| rules.max_size)
    }

    /// A slot for `user`, of whom `door` knows that it is him. `now` is the time since 1970.
    ///
    /// # Errors
    ///
    /// [`SlotDenial`], which is logged and counted already.
    pub fn issue(
        &self,
        user: &BareJid,
        wish: Result<SlotWish<'_>, &'static str>,
        door: &'static str,
        now: Duration,
    ) -> Result<Slot, SlotDenial> {
        let found = self.of(user);
        let asked = SlotAsked { user: user.as_str(), vhost: found.map(|(site, _)| &site.vhost), door };
        // Strangers are not counted: they would share their numbers with users, who would get no slots for it.
        let rate = found.map_or(Rate::Within, |_| self.rates.count(user, now.as_secs_f64()));
        let bytes = wish.as_ref().map_or(0, |wish| wish.size);
        let slot = match (rate, found) {
            (Rate::Within, Some((site, rules))) => wish
                .map_err(SlotDenial::Malformed)
                .and_then(|wish| Ok(SlotOffice { site, rules }.issue(&request(user, wish), now.as_secs())?)),
            (Rate::Within, None) => Err(SlotDenial::Stranger),
            (Rate::Reached | Rate::Above, _) => {
                Err(SlotDenial::Rate { retry: (now.as_secs() / 60 + 1) * 60 })
            }
        };
        match &slot {
            Ok(_) => audit::slot_issued(asked, bytes),
            Err(denial) => {
                audit::slot_refused(asked, Why::new(denial.reason(), denial as &dyn Display), rate);
            }
        }
        slot
    }

    fn of(&self, user: &BareJid) -> Option<(&Site, &UploadRules)> {
        let site = self.sites.all().find(|site| *site.vhost == *user.domain())?;
        Some((site, self.rules.get(&site.vhost)?))
    }
}

fn request<'wish>(user: &'wish BareJid, wish: SlotWish<'wish>) -> SlotRequest<'wish> {
    let SlotWish { filename, size, content_type, purpose: _, carrier } = wish;
    SlotRequest { user, filename, size, content_type, keep: None, carrier, ttl: None }
}
