//! `store rules`: what the bucket should be told beside its objects.

use std::path::PathBuf;

use crate::app::{RulesFound, bucket_rules};
use crate::cli::Failure;
use crate::cli::exit::{answer, remark};
use crate::config::{Environment, Settings};
use crate::store::{BucketRules, KeptVersions, OwnRule, RuleGap, RuleKind, RuleState};

const MORE: &str = "\
Lifecycle: parts of uploads that broke off are removed after two days; and, if the bucket keeps versions, those of what was removed or replaced after \
--old-versions days. Files are never removed by such a rule: the service does that, at their deadlines. CORS, only with store.download = \"redirect\": web pages may read.

With --apply our rules are put among those that the bucket has. Rules of others stay as they are. What is printed is what AWS's tools take.

The service's own key should not have this right: give another one in EJABBERD_SIDECAR__STORE__ACCESS_KEY_ID and EJABBERD_SIDECAR__STORE__SECRET_ACCESS_KEY_FILE.

Exit codes: 0 it was done; 1 a list could not be read or written: the reason was told; 64 unusable arguments or configuration.";

#[derive(Debug, clap::Args)]
#[command(after_long_help = MORE)]
pub(in crate::cli) struct Rules {
    /// The service's configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Puts our rules among those that the bucket has; without, they are only printed
    #[arg(long)]
    apply: bool,
    /// For how many days a bucket that keeps versions keeps those of what was removed, erased users' files among it
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    old_versions: u16,
}

impl Rules {
    pub(super) fn run(self) -> Result<(), Failure> {
        let Self { config, apply, old_versions } = self;
        let settings = Settings::load(config.as_deref(), &Environment::of_process())?;
        let lists = bucket_rules(settings.store, KeptVersions(old_versions), apply);
        let lists = lists.map_err(Failure::Failed)?;
        let lists =
            lists.ok_or_else(|| Failure::Unusable("the store is a folder: it has no rules".to_owned()))?;
        let mut failed = Vec::new();
        for RulesFound { kind, found, wanted } in lists {
            match found {
                Ok(rules) => tell(&rules, apply)?,
                Err(error) => {
                    answer(format!("{}: not known", kind.name()))?;
                    wanted.iter().try_for_each(|rule| answer(format!("  needed   {rule}")))?;
                    failed.push(format!("{}: {error}", kind.name()));
                }
            }
        }
        if failed.is_empty() { Ok(()) } else { Err(Failure::Failed(failed.join("; "))) }
    }
}

fn tell(rules: &BucketRules, apply: bool) -> Result<(), Failure> {
    let BucketRules { kind, own, others, gaps } = rules;
    answer(format!("{}: {}, beside {others} of others", kind.name(), summary(own, apply)))?;
    for OwnRule { json, state, .. } in own {
        answer(format!("  {:<9}{json}", word(*state, apply)))?;
    }
    for gap in gaps {
        if let RuleGap::Removes { rule, folder } = gap {
            remark(format!(
                "the lifecycle rule {rule:?} removes objects below {folder:?}, which the service needs"
            ))?;
        }
    }
    if !apply
        && *kind == RuleKind::Cors
        && gaps.is_empty()
        && own.iter().any(|rule| rule.state != RuleState::There)
    {
        remark("a CORS rule of somebody else's lets web pages read already")?;
    }
    Ok(())
}

fn summary(own: &[OwnRule], apply: bool) -> String {
    let wrong = own.iter().filter(|rule| rule.state != RuleState::There).count();
    match (wrong, apply) {
        (0, _) => "all is there".to_owned(),
        (_, true) => format!("{wrong} written"),
        (_, false) => format!("{wrong} to be written"),
    }
}

fn word(state: RuleState, apply: bool) -> &'static str {
    match (state, apply) {
        (RuleState::There, _) => "there",
        (RuleState::Different, true) => "mended",
        (RuleState::Missing, true) => "added",
        (RuleState::Different, false) => "differs",
        (RuleState::Missing, false) => "missing",
    }
}
