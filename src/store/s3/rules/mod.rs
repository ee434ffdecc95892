//! What a bucket should be told beside its objects: what it may clear away by itself, and that web pages may read from it.
//!
//! A bucket has one list of each kind of rule, which can only be written as a whole. So it is read, ours are put among the others, and it is written and read
//! again. Rules of others stay as they are, byte by byte.

mod cors;
mod document;
mod exchange;
mod lifecycle;
mod parser;

use std::time::Duration;

use tokio::time::sleep;

use self::document::{Document, Says};
pub use self::lifecycle::KeptVersions;
use super::S3Store;
use super::bucket::Bucket;
use crate::store::StoreError;

/// How often a list is read again that was written, and how long apart: stores may take seconds until they tell.
const LOOKS: u32 = 5;
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

    /// The element of a list.
    fn list(self) -> &'static str {
        match self {
            Self::Lifecycle => "LifecycleConfiguration",
            Self::Cors => "CORSConfiguration",
        }
    }

    /// The element of a rule.
    fn rule(self) -> &'static str {
        match self {
            Self::Lifecycle => "Rule",
            Self::Cors => "CORSRule",
        }
    }

    fn read(self) -> &'static str {
        match self {
            Self::Lifecycle => "GetBucketLifecycleConfiguration",
            Self::Cors => "GetBucketCors",
        }
    }

    fn write(self) -> &'static str {
        match self {
            Self::Lifecycle => "PutBucketLifecycleConfiguration",
            Self::Cors => "PutBucketCors",
        }
    }

    /// As AWS's tools write it.
    fn json(self, rule: &Says) -> String {
        match self {
            Self::Lifecycle => lifecycle::json(rule).to_string(),
            Self::Cors => cors::json(rule).to_string(),
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
    /// What is there is not what the protocol says.
    #[error("the bucket's {} rules cannot be read: they are not written as S3 writes them. Nothing was changed", .0.name())]
    Unreadable(RuleKind),
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

impl S3Store {
    /// The bucket's lifecycle rules. With `apply` ours are put among them, where one is missing or different.
    ///
    /// # Errors
    ///
    /// [`RulesError`]
    pub async fn lifecycle(&self, keep: KeptVersions, apply: bool) -> Result<BucketRules, RulesError> {
        let keep = self.bucket.keeps_versions().await?.then_some(keep);
        self.bucket.settle(RuleKind::Lifecycle, &self.bucket.wanted_lifecycle(keep), apply).await
    }

    /// The bucket's CORS rules, for clients that are sent to it. With `apply` ours is put among them, if it is missing or different.
    ///
    /// # Errors
    ///
    /// [`RulesError`]
    pub async fn cors(&self, apply: bool) -> Result<BucketRules, RulesError> {
        self.bucket.settle(RuleKind::Cors, &[self.bucket.wanted_cors()], apply).await
    }

    /// Our rules for a bucket that could not be asked, as AWS's tools write them.
    #[must_use]
    pub fn wanted_rules(&self, kind: RuleKind) -> Vec<String> {
        let wanted = match kind {
            RuleKind::Lifecycle => self.bucket.wanted_lifecycle(None),
            RuleKind::Cors => vec![self.bucket.wanted_cors()],
        };
        wanted.iter().map(|rule| kind.json(rule)).collect()
    }
}

impl Bucket {
    /// By this a rule is found again, also where several services share a bucket, each below a prefix.
    fn rule_id(&self, folder: &str) -> String {
        format!("ejabberd-sidecar {}{folder}", self.prefix)
    }

    async fn settle(&self, kind: RuleKind, wanted: &[Says], apply: bool) -> Result<BucketRules, RulesError> {
        let read = self.read_rules(kind).await?;
        let mut document = read.document.clone();
        let own: Vec<_> = wanted.iter().map(|rule| own_rule(kind, rule, &document)).collect();
        let known = own.iter().filter(|rule| rule.state != RuleState::Missing).count();
        let others = document.rules.len().saturating_sub(known);
        if apply && own.iter().any(|rule| rule.state != RuleState::There) {
            let text = document.with(wanted, kind);
            document = Document::parse(&text, kind).ok_or(RulesError::Unreadable(kind))?;
            self.write_rules(kind, &read, text).await?;
            self.read_back(kind, &document).await?;
        }
        let gaps = match kind {
            RuleKind::Lifecycle => self.lifecycle_gaps(&document.rules, wanted),
            RuleKind::Cors => cors::gaps(&document.rules),
        };
        Ok(BucketRules { kind, own, others, gaps })
    }

    /// Whether the bucket has what was written. It may take a while to say so.
    async fn read_back(&self, kind: RuleKind, written: &Document) -> Result<(), RulesError> {
        for _ in 0..LOOKS {
            let there = self.read_rules(kind).await?.document;
            let has = |rule: &Says| there.rules.iter().any(|there| there.is(rule));
            if there.rules.len() == written.rules.len() && written.rules.iter().all(|rule| has(&rule.says)) {
                return Ok(());
            }
            sleep(BETWEEN_LOOKS).await;
        }
        Err(RulesError::Changed(kind))
    }
}

fn own_rule(kind: RuleKind, wanted: &Says, there: &Document) -> OwnRule {
    let id = document::at(wanted, "ID").next().unwrap_or_default();
    let state = match there.rules.iter().find(|rule| rule.first("ID") == Some(id)) {
        Some(rule) if rule.is(wanted) => RuleState::There,
        Some(_) => RuleState::Different,
        None => RuleState::Missing,
    };
    OwnRule { id: id.to_owned(), json: kind.json(wanted), state }
}

fn says(rule: Vec<(&str, &str)>) -> Says {
    rule.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect()
}
