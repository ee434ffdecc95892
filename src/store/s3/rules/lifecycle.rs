//! Lifecycle: what the bucket clears away by itself.
//!
//! No files: their deadlines differ, and of a file that is gone its name has to stay for as long as its slot could be used again.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketVersioningStatus, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    TransitionDefaultMinimumObjectSize,
};
use serde_json::json;

use super::raw::{Answered, with_md5};
use super::{RuleGap, RuleKind, RuleList, RulesError};
use crate::store::ObjectPrefix;
use crate::store::s3::bucket::Bucket;
use crate::store::s3::errors::{failed, found, status};

const GET: &str = "GetBucketLifecycleConfiguration";
const PUT: &str = "PutBucketLifecycleConfiguration";
const VERSIONING: &str = "GetBucketVersioning";

/// All that the SDK knows in such a list.
const KNOWN: &[&str] = &[
    "LifecycleConfiguration",
    "Rule",
    "ID",
    "Status",
    "Prefix",
    "Filter",
    "And",
    "Tag",
    "Key",
    "Value",
    "ObjectSizeGreaterThan",
    "ObjectSizeLessThan",
    "Expiration",
    "Days",
    "Date",
    "ExpiredObjectDeleteMarker",
    "Transition",
    "StorageClass",
    "NoncurrentVersionTransition",
    "NoncurrentVersionExpiration",
    "NoncurrentDays",
    "NewerNoncurrentVersions",
    "AbortIncompleteMultipartUpload",
    "DaysAfterInitiation",
];

/// Where uploads in parts are.
const FILES: &str = "files/";
/// In a bucket that keeps versions, what else we write and remove.
const OF_THE_STORE: [&str; 2] = ["claims/", "probe/"];
/// A day more than the service itself waits before it clears away: this is for when it does not run.
const UNFINISHED_DAYS: i32 = 2;

/// For how many days a bucket that keeps versions keeps those of what was removed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptVersions(pub u16);

pub(super) struct LifecycleList {
    rules: Vec<LifecycleRule>,
    /// Of the whole list, and lost unless it is sent along.
    smallest: Option<TransitionDefaultMinimumObjectSize>,
}

impl Bucket {
    pub(super) async fn wanted_lifecycle(
        &self,
        keep: KeptVersions,
    ) -> Result<Vec<LifecycleRule>, RulesError> {
        let keeps_versions = self.keeps_versions().await?;
        Ok(self.lifecycle_of(keeps_versions.then_some(keep))?)
    }

    /// A rule for the folder with the files, and one for each other one if there are versions. Not one for all: whatever else is in the bucket is not ours.
    pub(super) fn lifecycle_of(&self, keep: Option<KeptVersions>) -> Result<Vec<LifecycleRule>, BuildError> {
        let all = folders().chain(OF_THE_STORE.map(str::to_owned));
        let needed = all.filter(|folder| folder == FILES || keep.is_some());
        needed.map(|folder| self.rule(&folder, keep)).collect()
    }

    fn rule(&self, folder: &str, keep: Option<KeptVersions>) -> Result<LifecycleRule, BuildError> {
        let filter = LifecycleRuleFilter::builder().prefix(format!("{}{folder}", self.prefix)).build();
        let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(UNFINISHED_DAYS).build();
        let versions = keep.map(|KeptVersions(days)| {
            NoncurrentVersionExpiration::builder().noncurrent_days(days.into()).build()
        });
        // What is left of an object whose versions are all gone.
        let marker = keep.map(|_| LifecycleExpiration::builder().expired_object_delete_marker(true).build());
        let rule = LifecycleRule::builder().id(self.rule_id(folder)).filter(filter);
        let rule = rule.status(ExpirationStatus::Enabled).set_expiration(marker);
        let rule = rule.set_noncurrent_version_expiration(versions);
        let rule = rule.set_abort_incomplete_multipart_upload((folder == FILES).then_some(abort));
        rule.build()
    }

    /// Also when it no longer makes new ones. A store that does not know the question keeps none.
    async fn keeps_versions(&self) -> Result<bool, RulesError> {
        let request = self.client.get_bucket_versioning().bucket(&*self.name);
        match self.answered(VERSIONING, request.send()).await? {
            Ok(answer) => Ok(matches!(
                answer.status(),
                Some(BucketVersioningStatus::Enabled | BucketVersioningStatus::Suspended)
            )),
            Err(error) if status(&error) == Some(501) => Ok(false),
            Err(error) => Err(failed(VERSIONING, &error).into()),
        }
    }
}

/// What the names of all begin with that has to last.
fn folders() -> impl Iterator<Item = String> {
    ObjectPrefix::everything().into_iter().map(|prefix| prefix.0)
}

impl RuleList for LifecycleList {
    type Rule = LifecycleRule;
    const KIND: RuleKind = RuleKind::Lifecycle;

    async fn read(bucket: &Bucket) -> Result<Self, RulesError> {
        let body = Answered::default();
        let request = bucket.client.get_bucket_lifecycle_configuration().bucket(&*bucket.name);
        let answer = bucket.answered(GET, request.customize().interceptor(body.clone()).send()).await?;
        if answer.as_ref().is_err_and(|error| status(error) == Some(501)) {
            return Err(RulesError::Unsupported(Self::KIND));
        }
        // "No such configuration" is a 404, too.
        let Some(list) = found(GET, answer)? else {
            return Ok(Self { rules: Vec::new(), smallest: None });
        };
        body.has_only(KNOWN, Self::KIND)?;
        let smallest = list.transition_default_minimum_object_size;
        Ok(Self { rules: list.rules.unwrap_or_default(), smallest })
    }

    async fn write(&self, bucket: &Bucket) -> Result<(), RulesError> {
        let list = BucketLifecycleConfiguration::builder().set_rules(Some(self.rules.clone())).build()?;
        let request = bucket.client.put_bucket_lifecycle_configuration().bucket(&*bucket.name);
        let request = request
            .lifecycle_configuration(list)
            .set_transition_default_minimum_object_size(self.smallest.clone());
        let request = request.customize().mutate_request(with_md5).send();
        match bucket.answered(PUT, request).await? {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(501) => Err(RulesError::Unsupported(Self::KIND)),
            Err(error) => Err(failed(PUT, &error).into()),
        }
    }

    fn rules(&mut self) -> &mut Vec<LifecycleRule> {
        &mut self.rules
    }

    fn id(rule: &LifecycleRule) -> Option<&str> {
        rule.id()
    }

    fn json(rule: &LifecycleRule) -> serde_json::Value {
        let mut json = json!({
            "ID": rule.id(),
            "Status": rule.status().as_str(),
            "Filter": {"Prefix": rule.filter().and_then(LifecycleRuleFilter::prefix)},
        });
        if let Some(abort) = rule.abort_incomplete_multipart_upload() {
            json["AbortIncompleteMultipartUpload"] =
                json!({"DaysAfterInitiation": abort.days_after_initiation()});
        }
        if let Some(versions) = rule.noncurrent_version_expiration() {
            json["NoncurrentVersionExpiration"] = json!({"NoncurrentDays": versions.noncurrent_days()});
            json["Expiration"] = json!({"ExpiredObjectDeleteMarker": true});
        }
        json
    }

    fn gaps(&mut self, bucket: &Bucket, wanted: &[LifecycleRule]) -> Vec<RuleGap> {
        let files = format!("{}{FILES}", bucket.prefix);
        let in_force: Vec<_> =
            self.rules.iter().filter(|rule| *rule.status() == ExpirationStatus::Enabled).collect();
        let done = |does: fn(&LifecycleRule) -> bool| {
            let holds = |rule: &&&LifecycleRule| is_for_all(rule) && files.starts_with(prefix(rule));
            in_force.iter().filter(holds).any(|rule| does(rule))
        };
        let needed = |does: fn(&LifecycleRule) -> bool| wanted.iter().any(does) && !done(does);
        let mut gaps = Vec::new();
        if needed(|rule| rule.abort_incomplete_multipart_upload().is_some()) {
            gaps.push(RuleGap::UnfinishedUploads);
        }
        if needed(|rule| rule.noncurrent_version_expiration().is_some()) {
            gaps.push(RuleGap::OldVersions);
        }
        let removing = in_force.into_iter().filter(|rule| removes(rule));
        gaps.extend(removing.filter_map(|rule| {
            let touches = |folder: &String| overlap(folder, prefix(rule));
            let folder = folders().map(|folder| format!("{}{folder}", bucket.prefix)).find(touches)?;
            Some(RuleGap::Removes { rule: rule.id().unwrap_or("without a name").to_owned(), folder })
        }));
        gaps
    }
}

/// Whether a rule removes objects that are there, and not only what is left of them. Ours have no tags: a rule for some is not for them.
fn removes(rule: &LifecycleRule) -> bool {
    let ends = |expiration: &LifecycleExpiration| expiration.days().is_some() || expiration.date().is_some();
    rule.expiration().is_some_and(ends) && !has_tags(rule)
}

fn has_tags(rule: &LifecycleRule) -> bool {
    let tags = |filter: &LifecycleRuleFilter| {
        filter.tag().is_some() || filter.and().is_some_and(|and| !and.tags().is_empty())
    };
    rule.filter().is_some_and(tags)
}

/// Whether a rule is for all objects below its prefix.
fn is_for_all(rule: &LifecycleRule) -> bool {
    let sizes = |filter: &LifecycleRuleFilter| {
        filter.and().is_some()
            || filter.object_size_greater_than().is_some()
            || filter.object_size_less_than().is_some()
    };
    !has_tags(rule) && !rule.filter().is_some_and(sizes)
}

/// What the names begin with that a rule is for.
fn prefix(rule: &LifecycleRule) -> &str {
    #[expect(deprecated, reason = "older rules have it")]
    let older = rule.prefix();
    let filter = rule.filter();
    let newer = filter.and_then(|filter| filter.prefix().or_else(|| filter.and()?.prefix()));
    newer.or(older).unwrap_or_default()
}

fn overlap(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{LifecycleRuleAndOperator, Tag};

    use super::*;

    fn expiring(filter: LifecycleRuleFilter) -> LifecycleRule {
        let rule = LifecycleRule::builder().filter(filter).status(ExpirationStatus::Enabled);
        rule.expiration(LifecycleExpiration::builder().days(3).build()).build().expect("complete")
    }

    #[test]
    fn a_rule_for_some_objects_may_remove_ours_and_does_not_clear_away_all_that_is_to_be() {
        let filter = LifecycleRuleFilter::builder;
        let small = expiring(filter().object_size_less_than(5).build());
        assert!(removes(&small) && !is_for_all(&small) && prefix(&small).is_empty());
        let and = LifecycleRuleAndOperator::builder().prefix("chat/").object_size_less_than(5).build();
        let both = expiring(filter().and(and).build());
        assert!(removes(&both) && !is_for_all(&both) && prefix(&both) == "chat/");
        let tagged =
            expiring(filter().tag(Tag::builder().key("k").value("v").build().expect("complete")).build());
        assert!(!removes(&tagged) && !is_for_all(&tagged));
        let whole = expiring(filter().prefix("chat/").build());
        assert!(removes(&whole) && is_for_all(&whole));
    }

    #[test]
    fn what_is_left_of_an_object_may_go() {
        let marker = LifecycleExpiration::builder().expired_object_delete_marker(true).build();
        let rule = LifecycleRule::builder().status(ExpirationStatus::Enabled).expiration(marker);
        assert!(!removes(&rule.build().expect("complete")));
    }

    #[test]
    fn folders_overlap_in_either_direction() {
        assert!(overlap("chat/files/", "") && overlap("chat/files/", "chat/files/a") && overlap("a/", "a/"));
        assert!(!overlap("chat/files/", "chat/users/") && !overlap("chat/files/", "logs/"));
    }
}
