//! Lifecycle: what the bucket clears away by itself.
//!
//! No files: their deadlines differ, and of a file that is gone its name has to stay for as long as its slot could be used again.

use aws_sdk_s3::types::BucketVersioningStatus;
use serde_json::{Value, json};

use super::document::{Rule, Says, at};
use super::{RuleGap, RulesError, says};
use crate::store::ObjectPrefix;
use crate::store::s3::bucket::Bucket;
use crate::store::s3::errors::{failed, status};

const ABORT: &str = "AbortIncompleteMultipartUpload";
const ABORT_DAYS: &str = "AbortIncompleteMultipartUpload/DaysAfterInitiation";
const VERSIONS: &str = "NoncurrentVersionExpiration";
const VERSIONS_DAYS: &str = "NoncurrentVersionExpiration/NoncurrentDays";
const MARKER: &str = "Expiration/ExpiredObjectDeleteMarker";

/// Where uploads in parts are.
const FILES: &str = "files/";
/// What a bucket's store writes and removes beside what has to last.
const FLEETING: [&str; 2] = ["claims/", "probe/"];
/// A day more than the service itself waits before it clears away: this is for when it does not run.
const UNFINISHED_DAYS: &str = "2";

/// For how many days a bucket that keeps versions keeps those of what was removed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptVersions(pub u16);

impl Bucket {
    /// A rule for the folder with the files, and one for each other one if there are versions. Not one for all: whatever else is in the bucket is not ours.
    pub(super) fn wanted_lifecycle(&self, keep: Option<KeptVersions>) -> Vec<Says> {
        let all = folders().chain(FLEETING.map(str::to_owned));
        let needed = all.filter(|folder| folder == FILES || keep.is_some());
        needed.map(|folder| self.lifecycle_rule(&folder, keep)).collect()
    }

    fn lifecycle_rule(&self, folder: &str, keep: Option<KeptVersions>) -> Says {
        let (id, prefix) = (self.rule_id(folder), format!("{}{folder}", self.prefix));
        let mut rule = vec![("ID", id.as_str()), ("Filter/Prefix", &prefix), ("Status", "Enabled")];
        let days = keep.map(|KeptVersions(days)| days.to_string());
        if let Some(days) = &days {
            // The marker is what is left of an object whose versions are all gone.
            rule.extend([(MARKER, "true"), (VERSIONS_DAYS, days)]);
        }
        if folder == FILES {
            rule.push((ABORT_DAYS, UNFINISHED_DAYS));
        }
        says(rule)
    }

    /// Also when it no longer makes new ones. A store that does not know the question keeps none.
    pub(super) async fn keeps_versions(&self) -> Result<bool, RulesError> {
        const VERSIONING: &str = "GetBucketVersioning";
        let request = self.client.get_bucket_versioning().bucket(&*self.name);
        match self.answered(VERSIONING, request.send()).await? {
            Ok(answer) => Ok(matches!(
                answer.status(),
                Some(BucketVersioningStatus::Enabled | BucketVersioningStatus::Suspended)
            )),
            Err(error) if matches!(status(&error), Some(405 | 501)) => Ok(false),
            Err(error) => Err(failed(VERSIONING, &error).into()),
        }
    }

    /// What all rules of the list together leave open for who needs the `wanted` ones.
    pub(super) fn lifecycle_gaps(&self, rules: &[Rule], wanted: &[Says]) -> Vec<RuleGap> {
        let files = format!("{}{FILES}", self.prefix);
        let in_force = || rules.iter().filter(|rule| rule.first("Status") == Some("Enabled"));
        let holds = |rule: &&Rule| is_for_all(rule) && files.starts_with(prefix(rule));
        let needed = |days: &str| wanted.iter().any(|rule| at(rule, days).next().is_some());
        let lacks =
            |what: &str, days: &str| needed(days) && !in_force().filter(holds).any(|rule| rule.has(what));
        let mut gaps = Vec::new();
        if lacks(ABORT, ABORT_DAYS) {
            gaps.push(RuleGap::UnfinishedUploads);
        }
        if lacks(VERSIONS, VERSIONS_DAYS) {
            gaps.push(RuleGap::OldVersions);
        }
        gaps.extend(in_force().filter(|rule| removes(rule)).filter_map(|rule| self.touched(rule)));
        gaps
    }

    fn touched(&self, rule: &Rule) -> Option<RuleGap> {
        let mut folders = folders().map(|folder| format!("{}{folder}", self.prefix));
        let folder = folders.find(|folder| overlap(folder, prefix(rule)))?;
        Some(RuleGap::Removes { rule: rule.first("ID").unwrap_or_default().to_owned(), folder })
    }
}

/// As AWS's tools write it.
pub(super) fn json(rule: &Says) -> Value {
    let first = |path: &str| at(rule, path).next();
    let number = |path: &str| first(path).and_then(|text| text.parse::<u32>().ok());
    let mut json = json!({
        "ID": first("ID"),
        "Status": first("Status"),
        "Filter": {"Prefix": first("Filter/Prefix")},
    });
    if let Some(days) = number(ABORT_DAYS) {
        json[ABORT] = json!({"DaysAfterInitiation": days});
    }
    if let Some(days) = number(VERSIONS_DAYS) {
        json[VERSIONS] = json!({"NoncurrentDays": days});
        json["Expiration"] = json!({"ExpiredObjectDeleteMarker": true});
    }
    json
}

/// What the names of all begin with that has to last.
fn folders() -> impl Iterator<Item = String> {
    ObjectPrefix::everything().into_iter().map(|prefix| prefix.0)
}

/// Whether a rule removes objects that are there, and not only what is left of them. Ours have no tags: a rule for some is not for them.
fn removes(rule: &Rule) -> bool {
    (rule.has("Expiration/Days") || rule.has("Expiration/Date")) && !has_tags(rule)
}

fn has_tags(rule: &Rule) -> bool {
    rule.has("Filter/Tag") || rule.has("Filter/And/Tag")
}

/// Whether a rule is for all objects below its prefix, as far as we know what stands in it.
fn is_for_all(rule: &Rule) -> bool {
    let known =
        |path: &str| !path.starts_with("Filter/") || path == "Filter/Prefix" || path == "Filter/And/Prefix";
    rule.says.iter().all(|(path, _)| known(path))
}

/// What the names begin with that a rule is for.
fn prefix(rule: &Rule) -> &str {
    ["Filter/Prefix", "Filter/And/Prefix", "Prefix"]
        .iter()
        .find_map(|path| rule.first(path))
        .unwrap_or_default()
}

fn overlap(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

#[cfg(test)]
mod tests {
    use super::super::RuleKind;
    use super::super::document::Document;
    use super::*;

    fn rule(inside: &str) -> Rule {
        let text = format!("<LifecycleConfiguration><Rule>{inside}</Rule></LifecycleConfiguration>");
        let list = Document::parse(&text, RuleKind::Lifecycle).expect("a list");
        list.rules.into_iter().next().expect("a rule")
    }

    fn expiring(filter: &str) -> Rule {
        rule(&format!("{filter}<Expiration><Days>3</Days></Expiration>"))
    }

    #[test]
    fn a_rule_for_some_objects_may_remove_ours_and_does_not_clear_away_all_that_is_to_be() {
        let small = expiring("<Filter><ObjectSizeLessThan>5</ObjectSizeLessThan></Filter>");
        assert!(removes(&small) && !is_for_all(&small) && prefix(&small).is_empty());
        let both = expiring(
            "<Filter><And><Prefix>chat/</Prefix><ObjectSizeLessThan>5</ObjectSizeLessThan></And></Filter>",
        );
        assert!(removes(&both) && !is_for_all(&both) && prefix(&both) == "chat/");
        let tagged = expiring("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>");
        assert!(!removes(&tagged) && !is_for_all(&tagged));
        for whole in ["<Filter><Prefix>chat/</Prefix></Filter>", "<Prefix>chat/</Prefix>"] {
            let whole = expiring(whole);
            assert!(removes(&whole) && is_for_all(&whole) && prefix(&whole) == "chat/");
        }
        assert!(is_for_all(&expiring("<Filter/>")) && prefix(&expiring("")).is_empty());
    }

    #[test]
    fn what_is_left_of_an_object_may_go() {
        assert!(!removes(&rule(
            "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
        )));
    }

    #[test]
    fn folders_overlap_in_either_direction() {
        assert!(overlap("chat/files/", "") && overlap("chat/files/", "chat/files/a") && overlap("a/", "a/"));
        assert!(!overlap("chat/files/", "chat/users/") && !overlap("chat/files/", "logs/"));
    }
}
