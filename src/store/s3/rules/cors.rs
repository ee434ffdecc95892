//! CORS: which web pages may read from the bucket.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{CorsConfiguration, CorsRule};
use serde_json::json;

use super::raw::{Answered, with_md5};
use super::{RuleGap, RuleKind, RuleList, RulesError};
use crate::store::s3::bucket::Bucket;
use crate::store::s3::errors::{failed, found, status};

const GET: &str = "GetBucketCors";
const PUT: &str = "PutBucketCors";

/// All that the SDK knows in such a list.
const KNOWN: &[&str] = &[
    "CORSConfiguration",
    "CORSRule",
    "ID",
    "AllowedHeader",
    "AllowedMethod",
    "AllowedOrigin",
    "ExposeHeader",
    "MaxAgeSeconds",
];

const METHODS: [&str; 2] = ["GET", "HEAD"];
/// What the service itself lets web pages read.
const EXPOSED: [&str; 6] =
    ["Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Range", "ETag", "Last-Modified"];
/// What a preflight's answer may be remembered for. Browsers have limits of their own.
const MAX_AGE_SECONDS: i32 = 24 * 60 * 60;

pub(super) struct CorsList(Vec<CorsRule>);

impl Bucket {
    /// A page of any origin, because a browser that was sent on from one foreign origin to another says `Origin: null` (Fetch standard). That gives nobody
    /// anything: what counts is the signed URL, and nothing goes by cookies.
    pub(super) fn wanted_cors(&self) -> Result<CorsRule, BuildError> {
        let list = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect());
        let rule = CorsRule::builder().id(self.rule_id("")).allowed_origins("*").allowed_headers("*");
        let rule = rule.set_allowed_methods(list(&METHODS)).set_expose_headers(list(&EXPOSED));
        rule.max_age_seconds(MAX_AGE_SECONDS).build()
    }
}

impl RuleList for CorsList {
    type Rule = CorsRule;
    const KIND: RuleKind = RuleKind::Cors;

    async fn read(bucket: &Bucket) -> Result<Self, RulesError> {
        let body = Answered::default();
        let request = bucket.client.get_bucket_cors().bucket(&*bucket.name);
        let request = request.customize().interceptor(body.clone()).send();
        let answer = bucket.answered(GET, request).await?;
        if answer.as_ref().is_err_and(|error| status(error) == Some(501)) {
            return Err(RulesError::Unsupported(Self::KIND));
        }
        // "No such configuration" is a 404, too.
        let Some(list) = found(GET, answer)? else { return Ok(Self(Vec::new())) };
        body.has_only(KNOWN, Self::KIND)?;
        Ok(Self(list.cors_rules.unwrap_or_default()))
    }

    async fn write(&self, bucket: &Bucket) -> Result<(), RulesError> {
        let list = CorsConfiguration::builder().set_cors_rules(Some(self.0.clone())).build()?;
        let request = bucket.client.put_bucket_cors().bucket(&*bucket.name).cors_configuration(list);
        let request = request.customize().mutate_request(with_md5).send();
        match bucket.answered(PUT, request).await? {
            Ok(_) => Ok(()),
            Err(error) if status(&error) == Some(501) => Err(RulesError::Unsupported(Self::KIND)),
            Err(error) => Err(failed(PUT, &error).into()),
        }
    }

    fn rules(&mut self) -> &mut Vec<CorsRule> {
        &mut self.0
    }

    fn id(rule: &CorsRule) -> Option<&str> {
        rule.id()
    }

    fn json(rule: &CorsRule) -> serde_json::Value {
        json!({
            "ID": rule.id(),
            "AllowedOrigins": rule.allowed_origins(),
            "AllowedMethods": rule.allowed_methods(),
            "AllowedHeaders": rule.allowed_headers(),
            "ExposeHeaders": rule.expose_headers(),
            "MaxAgeSeconds": rule.max_age_seconds(),
        })
    }

    fn gaps(&mut self, _: &Bucket, _: &[CorsRule]) -> Vec<RuleGap> {
        let has = |list: &[String], name: &str| list.iter().any(|there| there == name);
        let lets = |method: &&str| {
            let for_all = |rule: &&CorsRule| has(rule.allowed_origins(), "*");
            self.0.iter().filter(for_all).any(|rule| has(rule.allowed_methods(), method))
        };
        if METHODS.iter().all(lets) { Vec::new() } else { vec![RuleGap::WebPages] }
    }
}
