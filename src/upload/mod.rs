//! Files going up and coming down.

mod arrival;
mod desk;
mod erase;
mod filing;
mod get;
mod own;
mod put;
mod quota;
mod rates;
mod room;
mod rules;
mod site;
mod slots;
mod sum;
mod sweeper;
mod token_place;
mod tomb;
mod trail;
mod usage;

pub use self::arrival::note_arrival;
pub use self::desk::{RequestFault, SlotDenial, SlotDesk, SlotWish};
pub use self::erase::{Erased, Erasure};
pub use self::get::GetFailure;
pub use self::own::{OwnBounds, OwnFile, OwnFiles, OwnRefusal, Page, PageWish};
pub use self::put::PutFailure;
pub use self::quota::{QuotaRefusal, Quotas};
pub use self::rates::{RateRefusal, Rates};
pub use self::room::Room;
pub use self::rules::{RuleRefusal, UploadRules};
pub use self::site::{Located, Place, Site, SiteConflict, Sites};
pub use self::slots::{Slot, SlotOffice, SlotRefusal, SlotRequest};
pub use self::sweeper::{Sweeper, Swept};
pub use self::usage::{NoRoom, Usage};

use std::collections::HashMap;
use std::sync::Arc;

use crate::login::Registry;
use crate::store::Store;
use crate::types::Vhost;

/// How far the clocks of processes, of stores and of XMPP servers may be apart, in seconds.
const CLOCKS: u64 = 3600;

/// The store with the limits that each vhost puts before it.
#[derive(Debug)]
pub struct Uploads {
    store: Arc<Store>,
    /// Knows whether who was erased has come back.
    registry: Arc<Registry>,
    rules: HashMap<Vhost, UploadRules>,
    none: UploadRules,
    room: Arc<Room>,
    usage: Arc<Usage>,
    rates: Arc<Rates>,
}

/// What bounds uploads, and lasts longer than the rules do.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// How many go on at once.
    pub room: Arc<Room>,
    /// How much is stored.
    pub usage: Arc<Usage>,
    /// How much came within a minute.
    pub rates: Arc<Rates>,
}

impl Uploads {
    /// Uploads into `store` by the `rules` of each vhost, as many as the `bounds` allow, for users whom `registry` knows if anybody does.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        registry: Arc<Registry>,
        rules: HashMap<Vhost, UploadRules>,
        bounds: Bounds,
    ) -> Self {
        let Bounds { room, usage, rates } = bounds;
        Self { store, registry, rules, none: UploadRules::default(), room, usage, rates }
    }

    /// What `vhost` takes. A vhost without rules takes no byte.
    #[must_use]
    pub fn rules(&self, vhost: &Vhost) -> &UploadRules {
        self.rules.get(vhost).unwrap_or(&self.none)
    }
}
