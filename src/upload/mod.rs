//! Files going up and coming down.

mod desk;
mod get;
mod put;
mod room;
mod rules;
mod site;
mod slots;
mod token_place;

pub use self::desk::{SlotDenial, SlotDesk, SlotWish};
pub use self::get::GetFailure;
pub use self::put::PutFailure;
pub use self::room::Room;
pub use self::rules::{RuleRefusal, UploadRules};
pub use self::site::{Located, Place, Site, SiteConflict, Sites};
pub use self::slots::{Slot, SlotOffice, SlotRefusal, SlotRequest};

use std::collections::HashMap;
use std::sync::Arc;

use crate::login::Registry;
use crate::store::Store;
use crate::types::Vhost;

/// The store with the limits that each vhost puts before it.
#[derive(Debug)]
pub struct Uploads {
    store: Arc<Store>,
    /// Knows whether who was erased has come back.
    registry: Arc<Registry>,
    rules: HashMap<Vhost, UploadRules>,
    room: Arc<Room>,
}

impl Uploads {
    /// Uploads into `store` by the `rules` of each vhost, as many at a time as there is `room` for, for users whom `registry` knows if anybody does.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        registry: Arc<Registry>,
        rules: HashMap<Vhost, UploadRules>,
        room: Arc<Room>,
    ) -> Self {
        Self { store, registry, rules, room }
    }
}
