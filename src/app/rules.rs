//! The rules of a bucket, for commands that look at them or write them.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::config::StoreSettings;
use crate::store::{BucketRules, Downloads, KeptVersions, RuleKind, RulesError, S3Store};

/// How long object storage may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A list of a bucket, and what came of it.
#[derive(Debug)]
pub struct RulesFound {
    /// Which list.
    pub kind: RuleKind,
    /// What it held, or what kept it from being read or written.
    pub found: Result<BucketRules, RulesError>,
    /// Our rules as far as they are known without the bucket.
    pub wanted: Vec<String>,
}

/// Looks at the rules of a bucket, and with `apply` puts ours among them. Rules for web pages are only looked at where clients are sent to the bucket. `None` if
/// the store is no bucket.
///
/// # Errors
///
/// What keeps it from asking, in a sentence.
pub fn bucket_rules(
    settings: StoreSettings,
    keep: KeptVersions,
    apply: bool,
) -> Result<Option<Vec<RulesFound>>, String> {
    let StoreSettings::S3 { location, credentials, downloads, .. } = settings else { return Ok(None) };
    let store = S3Store::new(location, &credentials).with_patience(PATIENCE);
    let runtime = runtime().map_err(|error| format!("cannot be asked: {error}"))?;
    let mut kinds = vec![RuleKind::Lifecycle];
    if downloads != Downloads::Proxy {
        kinds.push(RuleKind::Cors);
    }
    let each = |kind| {
        let wanted = store.wanted_rules(kind);
        let found = runtime.block_on(async {
            match kind {
                RuleKind::Lifecycle => store.lifecycle(keep, apply).await,
                RuleKind::Cors => store.cors(apply).await,
            }
        });
        RulesFound { kind, found, wanted }
    };
    Ok(Some(kinds.into_iter().map(each).collect()))
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
