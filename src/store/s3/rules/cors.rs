//! CORS: which web pages may read from the bucket.

use serde_json::{Value, json};

use super::document::{Rule, Says, at};
use super::{RuleGap, says};
use crate::store::s3::bucket::Bucket;

const METHODS: [&str; 2] = ["GET", "HEAD"];
/// What the service itself lets web pages read.
const EXPOSED: [&str; 6] =
    ["Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag", "Last-Modified"];
/// For how long a preflight's answer may be remembered. Browsers have limits of their own.
const MAX_AGE_SECONDS: &str = "86400";

impl Bucket {
    /// For pages of any origin, because a browser that was sent on from one foreign origin to another says `Origin: null` (Fetch standard). That gives nobody
    /// anything: what counts is the signed URL, and nothing goes by cookies.
    pub(super) fn wanted_cors(&self) -> Says {
        let id = self.rule_id("");
        let mut rule = vec![("ID", id.as_str()), ("AllowedOrigin", "*")];
        rule.extend(METHODS.map(|method| ("AllowedMethod", method)));
        rule.push(("AllowedHeader", "*"));
        rule.extend(EXPOSED.map(|header| ("ExposeHeader", header)));
        rule.push(("MaxAgeSeconds", MAX_AGE_SECONDS));
        says(rule)
    }
}

/// As AWS's tools write it.
pub(super) fn json(rule: &Says) -> Value {
    let all = |name: &str| at(rule, name).collect::<Vec<_>>();
    json!({
        "ID": at(rule, "ID").next(),
        "AllowedOrigins": all("AllowedOrigin"),
        "AllowedMethods": all("AllowedMethod"),
        "AllowedHeaders": all("AllowedHeader"),
        "ExposeHeaders": all("ExposeHeader"),
        "MaxAgeSeconds": at(rule, "MaxAgeSeconds").find_map(|seconds| seconds.parse::<u32>().ok()),
    })
}

/// What all rules of the list together leave open.
pub(super) fn gaps(rules: &[Rule]) -> Vec<RuleGap> {
    let lets = |method: &&str| {
        let for_all = |rule: &&Rule| rule.at("AllowedOrigin").any(|origin| origin == "*");
        rules.iter().filter(for_all).any(|rule| rule.at("AllowedMethod").any(|there| there == *method))
    };
    if METHODS.iter().all(lets) { Vec::new() } else { vec![RuleGap::WebPages] }
}
