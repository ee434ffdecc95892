//! Files going up and coming down.

mod get;
mod put;
mod site;

pub use self::get::GetFailure;
pub use self::put::PutFailure;
pub use self::site::{Located, Site, SiteConflict, Sites};

use std::collections::HashMap;
use std::sync::Arc;

use crate::store::Store;
use crate::types::Vhost;

/// The store with the limits that each vhost puts before it.
#[derive(Debug)]
pub struct Uploads {
    store: Arc<Store>,
    max_size: HashMap<Vhost, u64>,
}

impl Uploads {
    /// Uploads into `store`, each file of at most its vhost's `max_size` bytes.
    #[must_use]
    pub fn new(store: Arc<Store>, max_size: HashMap<Vhost, u64>) -> Self {
        Self { store, max_size }
    }
}
