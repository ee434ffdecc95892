//! The bucket's lists of rules: ours come among those of others, which stay as they are.

use std::net::SocketAddr;

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, CorsConfiguration, CorsRule, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ejabberd_sidecar::store::{BucketRules, KeptVersions, RuleGap, RuleState, RulesError, S3Store};
use md5::{Digest as _, Md5};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::Scene;
use super::lists::Lists;
use super::s3_server::TestBucket;
use super::support::{FREE_PORTS, configuration, sidecar};

const KEEP: KeptVersions = KeptVersions(7);
const VERSIONED: &str = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
/// With what the SDK does not know, and what it could not read.
const THEIRS: &str = "<Rule><ID>logs</ID>\n<Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter><Expiration><Date>2030-01-01</Date></Expiration><Odd>1</Odd></Rule>";

fn store(address: SocketAddr) -> S3Store {
    TestBucket::at(address).store()
}

fn lifecycle(rules: &str) -> String {
    format!(
        "<LifecycleConfiguration xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>{rules}</LifecycleConfiguration>"
    )
}

fn states(rules: &BucketRules) -> Vec<RuleState> {
    rules.own.iter().map(|rule| rule.state).collect()
}

#[tokio::test]
async fn rules_of_others_stay_and_ours_come_once() {
    let bucket = Lists::start();
    bucket.set("lifecycle", &lifecycle(THEIRS));
    let store = store(bucket.address);

    let looked = store.lifecycle(KEEP, false).await.expect("readable");
    assert_eq!((states(&looked), looked.others), (vec![RuleState::Missing], 1));
    assert_eq!(looked.gaps, [RuleGap::UnfinishedUploads]);
    assert!(bucket.written().is_empty(), "it was only looked at");

    let applied = store.lifecycle(KEEP, true).await.expect("written");
    assert_eq!((states(&applied), applied.others, applied.gaps), (vec![RuleState::Missing], 1, vec![]));
    let [(head, list)] = &bucket.written()[..] else { unreachable!("one list is written") };
    assert!(list.contains(THEIRS), "{list}");
    assert!(
        list.contains("<Prefix>chat/files/</Prefix>") && list.contains("<DaysAfterInitiation>2<"),
        "{list}"
    );
    let md5 = format!("content-md5: {}", STANDARD.encode(Md5::digest(list)).to_lowercase());
    assert!(head.contains(&md5) && !head.contains("x-amz-checksum"), "{head}");
    assert!(head.contains("x-amz-transition-default-minimum-object-size: varies_by_storage_class"), "{head}");

    let again = store.lifecycle(KEEP, true).await.expect("readable");
    assert_eq!((states(&again), again.others), (vec![RuleState::There], 1));
    assert!(bucket.written().is_empty(), "all is there");

    let changed = bucket.get("lifecycle").replace("<DaysAfterInitiation>2<", "<DaysAfterInitiation>9<");
    bucket.set("lifecycle", &changed);
    let mended = store.lifecycle(KEEP, true).await.expect("written");
    assert_eq!((states(&mended), mended.others), (vec![RuleState::Different], 1));
    assert_eq!(&bucket.get("lifecycle"), list);
}

#[tokio::test]
async fn a_bucket_that_keeps_versions_is_told_to_end_them_in_our_folders_alone() {
    let bucket = Lists::start();
    bucket.set("versioning", VERSIONED);
    let store = store(bucket.address);
    let looked = store.lifecycle(KEEP, false).await.expect("readable");
    assert_eq!(looked.gaps, [RuleGap::UnfinishedUploads, RuleGap::OldVersions]);

    let applied = store.lifecycle(KEEP, true).await.expect("written");
    assert!(applied.gaps.is_empty(), "{applied:?}");
    let list = bucket.get("lifecycle");
    for folder in ["files", "users", "tombs", "pointers", "expiring", "revoked", "claims", "probe"] {
        assert!(list.contains(&format!("<Prefix>chat/{folder}/</Prefix>")), "{folder}: {list}");
    }
    assert_eq!(list.matches("<Rule>").count(), 8, "{list}");
    assert_eq!(list.matches("<NoncurrentDays>7</NoncurrentDays>").count(), 8, "{list}");
    assert_eq!(list.matches("<ExpiredObjectDeleteMarker>true<").count(), 8, "{list}");
    assert!(
        !list.contains("<Days>") && !list.contains("<Date>"),
        "no rule of ours removes what is there: {list}"
    );
}

#[tokio::test]
async fn a_rule_that_removes_what_the_service_needs_is_found() {
    let bucket = Lists::start();
    let store = store(bucket.address);
    let expiring = |prefix: &str, status: &str| {
        format!(
            "<Rule><ID>{prefix}</ID><Status>{status}</Status><Filter><Prefix>{prefix}</Prefix></Filter><Expiration><Days>9</Days></Expiration></Rule>"
        )
    };
    for (prefix, folder) in
        [("", "chat/tombs/"), ("chat/files/a.org/", "chat/files/"), ("chat/users", "chat/users/")]
    {
        bucket.set("lifecycle", &lifecycle(&expiring(prefix, "Enabled")));
        let gaps = store.lifecycle(KEEP, false).await.expect("readable").gaps;
        let found = RuleGap::Removes { rule: prefix.to_owned(), folder: folder.to_owned() };
        assert_eq!(gaps, [RuleGap::UnfinishedUploads, found]);
    }
    for harmless in
        [expiring("chat/", "Disabled"), expiring("chat/claims/", "Enabled"), expiring("other/", "Enabled")]
    {
        bucket.set("lifecycle", &lifecycle(&harmless));
        let gaps = store.lifecycle(KEEP, false).await.expect("readable").gaps;
        assert_eq!(gaps, [RuleGap::UnfinishedUploads], "{harmless}");
    }
}

#[tokio::test]
async fn what_somebody_else_writes_at_the_same_time_is_told() {
    let bucket = Lists::start();
    bucket.forget_what_is_written();
    let told = store(bucket.address).cors(true).await;
    assert!(matches!(told, Err(RulesError::Changed(_))), "{told:?}");
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_not_written() {
    let bucket = Lists::start();
    let store = store(bucket.address);
    bucket.set("cors", "<CorsConfig><Cors/></CorsConfig>");
    assert!(matches!(store.cors(true).await, Err(RulesError::Unreadable(_))));
    bucket.set("cors", "denied");
    assert!(matches!(store.cors(true).await, Err(RulesError::Store(_))));
    assert!(bucket.written().is_empty());
}

/// Of another prefix and another origin.
fn theirs() -> (LifecycleRule, CorsRule) {
    let filter = LifecycleRuleFilter::builder().prefix("logs/").build();
    let rule = LifecycleRule::builder().id("theirs").filter(filter).status(ExpirationStatus::Enabled);
    let rule = rule.expiration(LifecycleExpiration::builder().days(7).build()).build().expect("complete");
    let cors =
        CorsRule::builder().id("theirs").allowed_origins("https://app.example.org").allowed_methods("PUT");
    (rule, cors.build().expect("complete"))
}

/// All of a bucket's lists in one test, because its other tests have the same bucket.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_store_takes_ours_beside_those_of_others_or_says_that_it_has_none() {
    let scene = Scene::new();
    if TestBucket::of_environment().is_none() {
        let store = scene.s3();
        assert!(matches!(store.lifecycle(KEEP, true).await, Err(RulesError::Unsupported(_))));
        assert!(matches!(store.cors(true).await, Err(RulesError::Unsupported(_))));
        return;
    }
    let (client, name, (lifecycle, cors)) = (scene.bucket.client(), &scene.bucket.bucket, theirs());
    let list = BucketLifecycleConfiguration::builder().rules(lifecycle.clone()).build().expect("complete");
    let put = client.put_bucket_lifecycle_configuration().bucket(name).lifecycle_configuration(list);
    put.send().await.expect("taken");
    let list = CorsConfiguration::builder().cors_rules(cors.clone()).build().expect("complete");
    client.put_bucket_cors().bucket(name).cors_configuration(list).send().await.expect("taken");

    let store = scene.s3();
    assert_eq!(store.cors(false).await.expect("readable").gaps, [RuleGap::WebPages]);
    for expected in [RuleState::Missing, RuleState::There] {
        let done = store.lifecycle(KEEP, true).await.expect("written");
        assert_eq!((states(&done), done.others, done.gaps), (vec![expected], 1, vec![]));
        let done = store.cors(true).await.expect("written");
        assert_eq!((states(&done), done.others, done.gaps), (vec![expected], 1, vec![]));
    }
    let there = client.get_bucket_lifecycle_configuration().bucket(name).send().await.expect("readable");
    assert!(there.rules().len() == 2 && there.rules()[0] == lifecycle, "{there:?}");
    let there = client.get_bucket_cors().bucket(name).send().await.expect("readable");
    assert!(there.cors_rules().len() == 2 && there.cors_rules()[0] == cors, "{there:?}");
}

/// A configuration whose store is the bucket.
fn of(bucket: &Lists, more: &str) -> (TempDir, String) {
    let store = format!(
        "[store]\nkind = 's3'\nbucket = 'b'\nendpoint = 'http://{}'\npath_style = true\naccess_key_id = 'id'\nsecret_access_key = 'secret'\n{more}\n",
        bucket.address
    );
    let text = configuration(FREE_PORTS, "").replace("[store]\nkind = \"disk\"\npath = \"store\"\n", &store);
    let folder = TempDir::new().expect("temporary folder");
    let file = folder.path().join("sidecar.toml");
    std::fs::write(&file, text).expect("writable");
    let file = file.display().to_string();
    (folder, file)
}

#[tokio::test]
async fn the_command_prints_and_writes() {
    let bucket = Lists::start();
    bucket.set("lifecycle", &lifecycle(THEIRS));
    spawn_blocking(move || {
        let (_folder, file) = of(&bucket, "download = 'redirect'");
        let rules = |more: &[&str]| sidecar(&[&["store", "rules", "--config", &file], more].concat());
        let (code, text) = rules(&[]);
        assert!(code == 0 && text.contains("lifecycle: 1 to be written, beside 1 of others"), "{text}");
        assert!(text.contains("\"AllowedOrigins\":[\"*\"]") && bucket.written().is_empty(), "{text}");
        let (code, text) = rules(&["--apply"]);
        assert!(
            code == 0 && text.contains("lifecycle: 1 written") && text.contains("CORS: 1 written"),
            "{text}"
        );
        assert_eq!(bucket.written().len(), 2);
        bucket.set("cors", "denied");
        let (code, text) = rules(&["--apply"]);
        assert!(code == 1 && text.contains("lifecycle: all is there"), "{text}");
        assert!(
            text.contains("  needed   {\"AllowedHeaders\"") && text.contains("CORS: GetBucketCors"),
            "{text}"
        );

        let (_folder, file) = of(&bucket, "");
        let (code, text) = sidecar(&["store", "rules", "--config", &file]);
        assert!(code == 0 && !text.contains("CORS"), "nobody is sent to the bucket: {text}");
        let (code, text) = sidecar(&["store", "rules", "--config", &file, "--old-versions", "0"]);
        assert_eq!(code, 64, "{text}");
    })
    .await
    .expect("as expected");
}
