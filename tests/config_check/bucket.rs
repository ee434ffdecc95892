//! The rules of the bucket.

use crate::lists::Lists;
use crate::setup::{Checked, Setup};

fn checked(bucket: &Lists) -> Checked {
    let store = format!(
        "kind = 's3'\nbucket = 'b'\nendpoint = 'http://{}'\npath_style = true\naccess_key_id = 'id'\nsecret_access_key = 'some other secret'\ndownload = 'redirect'",
        bucket.address
    );
    Setup::clean().toml("kind = \"disk\"\npath = \"store\"", &store).check_with(&[])
}

fn codes(checked: &Checked) -> Vec<&str> {
    checked.found.iter().map(|found| found.code.as_str()).collect()
}

#[test]
fn rules_that_are_missing_and_rules_that_do_harm_are_found() {
    let bucket = Lists::start();
    let first = checked(&bucket);
    assert_eq!((codes(&first), first.code), (vec!["bucket_cors"], Some(0)), "{first:?}");
    assert!(
        first.stdout.contains("note: the bucket has no lifecycle rule for unfinished uploads"),
        "{first:?}"
    );

    bucket.set("versioning", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>");
    bucket.set("cors", "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>HEAD</AllowedMethod></CORSRule></CORSConfiguration>");
    let versioned = checked(&bucket);
    assert_eq!((codes(&versioned), versioned.code), (vec!["bucket_versions"], Some(0)), "{versioned:?}");

    bucket.set("versioning", "<VersioningConfiguration/>");
    bucket.set("lifecycle", "<LifecycleConfiguration><Rule><ID>old</ID><Status>Enabled</Status><Filter/><Expiration><Days>9</Days></Expiration><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>");
    let harmful = checked(&bucket);
    assert_eq!((codes(&harmful), harmful.code), (vec!["bucket_expires"], Some(1)), "{harmful:?}");
    assert!(
        harmful.found[0].text.contains("\"old\"") && !harmful.stdout.contains("unfinished"),
        "{harmful:?}"
    );
}

#[test]
fn a_key_that_may_not_look_at_them_is_no_fault() {
    let bucket = Lists::start();
    for name in ["versioning", "lifecycle", "cors"] {
        bucket.set(name, "denied");
    }
    let checked = checked(&bucket);
    assert_eq!((codes(&checked), checked.code), (vec![], Some(0)), "{checked:?}");
    assert_eq!(checked.stdout.matches("rules of the bucket were not looked at").count(), 2, "{checked:?}");
}
