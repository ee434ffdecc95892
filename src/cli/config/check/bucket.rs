//! The rules of the bucket. That the service's key may not look at them is no fault: it needs none of them itself.

use crate::app::bucket_rules;
use crate::config::StoreSettings;
use crate::ejabberd::{Findings, Place, codes};
use crate::store::{KeptVersions, RuleGap, RulesError};

/// For rules that are only looked at, the days do not count.
const ANY: KeptVersions = KeptVersions(1);
const REMEDY: &str = "# ejabberd-sidecar store rules --apply";

pub(super) fn check(store: StoreSettings, place: &Place, findings: &mut Findings) {
    for list in bucket_rules(store, ANY, false).ok().flatten().unwrap_or_default() {
        match list.found {
            Ok(rules) => rules.gaps.iter().for_each(|gap| tell(gap, place, findings)),
            Err(RulesError::Unsupported(_)) => {}
            Err(error) => {
                findings
                    .notes
                    .push(format!("{} rules of the bucket were not looked at: {error}", list.kind.name()));
            }
        }
    }
}

fn tell(gap: &RuleGap, place: &Place, findings: &mut Findings) {
    match gap {
        RuleGap::UnfinishedUploads => findings.notes.push(
            "the bucket has no lifecycle rule for unfinished uploads: what they leave is removed by the service alone, a day later (`store rules`)".to_owned(),
        ),
        RuleGap::OldVersions => {
            let problem = "the bucket keeps versions, and no lifecycle rule ends them: what was removed, files of erased users among it, stays";
            findings.add(codes::BUCKET_VERSIONS, place, problem, REMEDY);
        }
        RuleGap::WebPages => {
            let problem = "store.download = \"redirect\", and no CORS rule of the bucket lets web pages of any origin read";
            findings.add(codes::BUCKET_CORS, place, problem, REMEDY);
        }
        RuleGap::Removes { rule, folder } => {
            let problem = format!("the bucket's lifecycle rule {rule:?} removes objects below {folder:?}, which the service needs");
            let remedy = "# end that rule, or give it another prefix: retention is the service's, upload.retention";
            findings.add(codes::BUCKET_EXPIRES, place, problem, remedy);
        }
    }
}
