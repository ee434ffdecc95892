//! What only a start can change.

use crate::config::{Settings, StoreSettings};
use crate::telemetry::logs::LogFormat;
use crate::types::Address;

/// What was there at the start and stays. A configuration that says otherwise does not count before a restart.
#[derive(Debug)]
pub(super) struct Fixed {
    public: Address,
    hook: Address,
    ops: Address,
    store: StoreSettings,
    format: LogFormat,
}

impl Fixed {
    pub(super) fn of(settings: &Settings) -> Self {
        let Settings { listen, store, log, .. } = settings;
        Self {
            public: listen.public.clone(),
            hook: listen.hook.clone(),
            ops: listen.ops.clone(),
            store: store.clone(),
            format: log.format,
        }
    }

    /// The options that say something else now.
    pub(super) fn differing(&self, settings: &Settings) -> Vec<&'static str> {
        let Settings { listen, store, log, .. } = settings;
        let options = [
            ("listen.public", self.public != listen.public),
            ("listen.hook", self.hook != listen.hook),
            ("listen.ops", self.ops != listen.ops),
            ("store", self.store != *store),
            ("log.format", self.format != log.format),
        ];
        options.into_iter().filter_map(|(option, differs)| differs.then_some(option)).collect()
    }
}
