//! What a user does with his own files, having shown a token: he asks for slots, looks at what he has, and removes some of it.

mod list;
mod place;
mod remove;
mod turns;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use self::list::{OwnFile, Page, PageWish};
use self::turns::Turns;
use super::{Quotas, RequestFault, Site, Sites, Slot, SlotDenial, SlotDesk, SlotWish, Usage};
use crate::login::TokenUser;
use crate::policy::MinuteBudgets;
use crate::store::{Store, StoreError};
use crate::telemetry::reason::{ApiReason, Reason};
use crate::types::{PathError, Vhost};

/// How slots that are asked for here are told of in the log.
const DOOR: &str = "api";

/// The own files of users who have shown tokens.
#[derive(Debug)]
pub struct OwnFiles {
    store: Arc<Store>,
    sites: Arc<Sites>,
    desk: Arc<SlotDesk>,
    usage: Arc<Usage>,
    quotas: HashMap<Vhost, Quotas>,
    bounds: Arc<OwnBounds>,
}

/// What bounds what users ask for, and lasts longer than the rules do.
#[derive(Debug)]
pub struct OwnBounds {
    /// Requests beside those for slots, which have a rate of their own.
    pub requests: MinuteBudgets,
    removals: Turns,
}

/// Why a user does not get what he asked for.
#[derive(Debug, thiserror::Error)]
pub enum OwnRefusal {
    /// He asks too often.
    #[error("more than limits.api_requests_per_minute")]
    Rate {
        /// When he may ask again, in seconds.
        retry_after: u64,
    },
    /// What is said of the page is nothing that an answer has said.
    #[error("limit is not a number from 1 to 100, or after is not what an answer had as next")]
    Page,
    /// The path of a file of his cannot be like that.
    #[error("the path of a file has two parts, as path in the list says: {0}")]
    Path(#[from] PathError),
    /// He has no such file.
    #[error("there is no such file of this user")]
    Missing,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OwnRefusal {
    /// The stable reason code.
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Rate { .. } => ApiReason::RequestRate,
            Self::Page => ApiReason::RequestMalformed,
            Self::Path(_) => ApiReason::PathMalformed,
            Self::Missing => ApiReason::Missing,
            Self::Store(_) => ApiReason::StoreFailed,
        }
        .into()
    }
}

impl OwnBounds {
    /// So many requests of a user in a minute.
    #[must_use]
    pub fn new(requests_per_minute: u32) -> Self {
        Self { requests: MinuteBudgets::new(requests_per_minute.into()), removals: Turns::default() }
    }
}

impl OwnFiles {
    /// The files in `store` below these places, with slots from `desk`, as far as the `quotas` of each vhost leave room by `usage`.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        sites: Arc<Sites>,
        desk: Arc<SlotDesk>,
        usage: Arc<Usage>,
        quotas: HashMap<Vhost, Quotas>,
        bounds: Arc<OwnBounds>,
    ) -> Self {
        Self { store, sites, desk, usage, quotas, bounds }
    }

    /// A slot for him. `now` is the time since 1970.
    ///
    /// # Errors
    ///
    /// [`SlotDenial`], which is logged and counted already.
    pub async fn slot(
        &self,
        user: &TokenUser,
        wish: Result<SlotWish<'_>, RequestFault>,
        now: Duration,
    ) -> Result<Slot, SlotDenial> {
        self.desk.issue(user.jid(), wish, DOOR, now).await
    }

    fn count(&self, user: &TokenUser, now: Duration) -> Result<(), OwnRefusal> {
        let taken = self.bounds.requests.take(user.hash(), 1, now.as_secs());
        taken.map_err(|used_up| OwnRefusal::Rate { retry_after: used_up.retry_after })
    }

    fn site(&self, user: &TokenUser) -> Option<&Site> {
        self.sites.all().find(|site| site.vhost == *user.vhost())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::site::tests::site;

    /// At `localhost`, with so many requests in a minute.
    pub(super) fn own_files(store: &Arc<Store>, requests: u32) -> OwnFiles {
        let sites = Arc::new(Sites::new(vec![site("localhost", "/upload/localhost/", &[])]).unwrap());
        let usage = Arc::new(Usage::new(Arc::clone(store)));
        let rates = Arc::new(MinuteBudgets::new(1));
        let desk = SlotDesk::new(Arc::clone(&sites), HashMap::new(), Arc::clone(&usage), rates);
        let bounds = Arc::new(OwnBounds::new(requests));
        OwnFiles::new(Arc::clone(store), sites, Arc::new(desk), usage, HashMap::new(), bounds)
    }
}
