//! What a bucket should be told beside its objects: what it may clear away by itself, and that web pages may read from it.
//!
//! A bucket has one list of each kind of rule, which can only be written as a whole. So it is read, ours are put among the others, and it is written and read
//! again. Rules of others stay as they are: a list with something in it that would get lost on the way is not written.

mod cors;
mod lifecycle;
mod raw;

use std::time::Duration;

use aws_sdk_s3::error::BuildError;
use tokio::time::sleep;

use self::cors::CorsList;
pub use self::lifecycle::KeptVersions;
use self::lifecycle::LifecycleList;
use super::S3Store;
use super::bucket::Bucket;
use super::errors::s3_error;
use crate::store::{Cause, StoreError};

/// How often a list is read again that was written, and how long apart: stores may take seconds until they tell.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// A kind of rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// What the bucket clears away by itself.
    Lifecycle,
    /// Which web pages may read from it.
    Cors,
}

impl RuleKind {
    /// For the operator.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lifecycle => "lifecycle",
            Self::Cors => "CORS",
        }
    }
}

/// How the bucket has a rule of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleState {
    /// As it should be.
    There,
    /// With its name, and otherwise not as it should be.
    Different,
    /// Not at all.
    Missing,
}

/// A rule of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRule {
    /// By which it is found again.
    pub id: String,
    /// What it says, as AWS's tools write it.
    pub json: String,
    /// How the bucket had it.
    pub state: RuleState,
}

/// What should be true of a bucket's rules, whoever wrote them, and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleGap {
    /// Parts of uploads that broke off are not removed.
    UnfinishedUploads,
    /// The bucket keeps what was removed, for ever.
    OldVersions,
    /// Web pages cannot read what clients are sent to the bucket for.
    WebPages,
    /// Somebody's rule removes what the service needs.
    Removes {
        /// What the rule is called.
        rule: String,
        /// What the names begin with that it removes.
        folder: String,
    },
}

/// One list of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketRules {
    /// Which list.
    pub kind: RuleKind,
    /// Ours, as the list had them.
    pub own: Vec<OwnRule>,
    /// How many others there are.
    pub others: usize,
    /// What the list does not do, or does and should not.
    pub gaps: Vec<RuleGap>,
}

/// Why a list could not be read, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// There is no such list.
    #[error("the store knows no {} rules", .0.name())]
    Unsupported(RuleKind),
    /// It would not be the same afterwards.
    #[error(
        "the bucket's {} rules hold `{element}`, which would get lost: nothing was changed; add the rules yourself",
        kind.name()
    )]
    Unknown {
        /// Which list.
        kind: RuleKind,
        /// What is not known in it.
        element: String,
    },
    /// What was written is not what is there.
    #[error(
        "the bucket's {} rules are not the ones that were written: somebody else changed them at the same time, or the store does not keep them as they are. Look at them, and try again",
        .0.name()
    )]
    Changed(RuleKind),
    /// The store refuses, or is away.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<BuildError> for RulesError {
    fn from(error: BuildError) -> Self {
        Self::Store(s3_error("a rule", Cause::Failed, error.to_string()))
    }
}

/// A list of a bucket as it was read.
trait RuleList: Sized + Send {
    type Rule: Clone + PartialEq + Send;
    const KIND: RuleKind;

    async fn read(bucket: &Bucket) -> Result<Self, RulesError>;
    async fn write(&self, bucket: &Bucket) -> Result<(), RulesError>;
    fn rules(&mut self) -> &mut Vec<Self::Rule>;
    fn id(rule: &Self::Rule) -> Option<&str>;
    fn json(rule: &Self::Rule) -> serde_json::Value;
    /// What all rules of the list together leave open for who needs the `wanted` ones.
    fn gaps(&mut self, bucket: &Bucket, wanted: &[Self::Rule]) -> Vec<RuleGap>;
}

impl S3Store {
    /// The bucket's lifecycle rules. With `apply` ours are put among them, where one is missing or different.
    ///
    /// # Errors
    ///
    /// [`RulesError`]
    pub async fn lifecycle(&self, keep: KeptVersions, apply: bool) -> Result<BucketRules, RulesError> {
        let wanted = self.bucket.wanted_lifecycle(keep).await?;
        self.bucket.settle::<LifecycleList>(&wanted, apply).await
    }

    /// The bucket's CORS rules, for clients that are sent to it. With `apply` ours is put among them, if it is missing or different.
    ///
    /// # Errors
    ///
    /// [`RulesError`]
    pub async fn cors(&self, apply: bool) -> Result<BucketRules, RulesError> {
        self.bucket.settle::<CorsList>(&[self.bucket.wanted_cors()?], apply).await
    }

    /// Our rules for a bucket that could not be asked, as AWS's tools write them.
    ///
    /// # Errors
    ///
    /// [`RulesError`] if there are none.
    pub fn wanted_rules(&self, kind: RuleKind) -> Result<Vec<String>, RulesError> {
        let rules: Vec<_> = match kind {
            RuleKind::Lifecycle => self.bucket.lifecycle_of(None)?.iter().map(LifecycleList::json).collect(),
            RuleKind::Cors => vec![CorsList::json(&self.bucket.wanted_cors()?)],
        };
        Ok(rules.iter().map(ToString::to_string).collect())
    }
}

impl Bucket {
    /// By this a rule is found again, also where several services share a bucket, each below a prefix.
    fn rule_id(&self, folder: &str) -> String {
        format!("ejabberd-sidecar {}{folder}", self.prefix)
    }

    async fn settle<L: RuleList>(&self, wanted: &[L::Rule], apply: bool) -> Result<BucketRules, RulesError> {
        let mut list = L::read(self).await?;
        let own: Vec<_> = wanted.iter().map(|rule| own_rule::<L>(rule, list.rules())).collect();
        let is_ours = |rule: &&L::Rule| wanted.iter().any(|own| L::id(own) == L::id(rule));
        let others = list.rules().iter().filter(|rule| !is_ours(rule)).count();
        if apply && own.iter().any(|rule| rule.state != RuleState::There) {
            merge::<L>(list.rules(), wanted);
            list.write(self).await?;
            self.read_back(&mut list).await?;
        }
        let gaps = list.gaps(self, wanted);
        Ok(BucketRules { kind: L::KIND, own, others, gaps })
    }

    /// Whether the bucket has what was written. It may take a while to say so.
    async fn read_back<L: RuleList>(&self, written: &mut L) -> Result<(), RulesError> {
        for _ in 0..LOOKS {
            let mut there = L::read(self).await?;
            if is_same(there.rules(), written.rules()) {
                return Ok(());
            }
            sleep(BETWEEN_LOOKS).await;
        }
        Err(RulesError::Changed(L::KIND))
    }
}

fn own_rule<L: RuleList>(wanted: &L::Rule, there: &[L::Rule]) -> OwnRule {
    let state = match there.iter().find(|rule| L::id(rule) == L::id(wanted)) {
        Some(rule) if rule == wanted => RuleState::There,
        Some(_) => RuleState::Different,
        None => RuleState::Missing,
    };
    let id = L::id(wanted).unwrap_or_default().to_owned();
    OwnRule { id, json: L::json(wanted).to_string(), state }
}

/// Puts the wanted rules in the places of those which have their names, and the others behind all that is there.
fn merge<L: RuleList>(rules: &mut Vec<L::Rule>, wanted: &[L::Rule]) {
    for rule in wanted {
        match rules.iter_mut().find(|there| L::id(there) == L::id(rule)) {
            Some(there) => there.clone_from(rule),
            None => rules.push(rule.clone()),
        }
    }
}

/// In whatever order: not every store keeps it.
fn is_same<R: PartialEq>(there: &[R], written: &[R]) -> bool {
    there.len() == written.len() && written.iter().all(|rule| there.contains(rule))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::CorsRule;

    use super::*;

    fn rule(id: Option<&str>, origin: &str) -> CorsRule {
        let rule = CorsRule::builder().set_id(id.map(str::to_owned));
        rule.allowed_origins(origin).allowed_methods("GET").build().expect("complete")
    }

    #[test]
    fn rules_of_others_stay_where_they_are() {
        let (first, nameless) = (rule(Some("theirs"), "https://a.org"), rule(None, "https://b.org"));
        let own = rule(Some("ejabberd-sidecar "), "*");
        let mut rules =
            vec![first.clone(), rule(Some("ejabberd-sidecar "), "https://old.org"), nameless.clone()];
        merge::<CorsList>(&mut rules, std::slice::from_ref(&own));
        assert_eq!(rules, [first.clone(), own.clone(), nameless.clone()]);
        let mut rules = vec![first.clone(), nameless.clone()];
        merge::<CorsList>(&mut rules, std::slice::from_ref(&own));
        assert_eq!(rules, [first, nameless, own]);
    }

    #[test]
    fn a_list_is_the_same_in_any_order_and_not_with_a_rule_less_or_another_one() {
        let [a, b] = ["https://a.org", "https://b.org"].map(|origin| rule(None, origin));
        assert!(is_same(&[a.clone(), b.clone()], &[b.clone(), a.clone()]));
        assert!(!is_same(std::slice::from_ref(&a), &[b.clone(), a.clone()]));
        assert!(!is_same(&[a.clone(), a.clone()], &[b, a]));
    }
}
