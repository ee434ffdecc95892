//! Slots of our own, as strangers make them up: the token in a path, and the terms in a query. What is read has one spelling, and none of
//! it is believed.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use ejabberd_sidecar::authn::{
    Acceptance, BearerToken, PresentedToken, PutClaim, Scheme, SlotTerms, UploadAuthority, UploadRefusal,
    path_token,
};
use ejabberd_sidecar::types::{ObjectPath, Secret, parse_vhost};
use libfuzzer_sys::fuzz_target;

/// A secret that no seed was signed with.
static AUTHORITY: LazyLock<UploadAuthority> = LazyLock::new(|| {
    let accepted =
        Acceptance { schemes: vec![Scheme::Bearer], token_in_url: true, slot_ttl: Duration::from_mins(5) };
    let secret = Secret::new(b"the secret of the fuzzers".to_vec(), 0).expect("long enough");
    UploadAuthority::new(parse_vhost("localhost").expect("a domain"), accepted, &secret, &[])
});

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok((mac, terms)) = BearerToken::in_path(text).read() {
        assert_eq!(path_token(mac, &terms), text, "a token has one spelling");
        assert_eq!(SlotTerms::from_query(&terms.to_query()).as_ref(), Ok(&terms));
    }
    if let Ok(terms) = SlotTerms::from_query(text) {
        assert_eq!(terms.user.to_string().split('/').count(), 1, "a bare JID");
        assert_eq!(SlotTerms::from_query(&terms.to_query()).as_ref(), Ok(&terms));
    }
    let header =
        text.split_once('\n').map(|(header, query)| PresentedToken::from_authorization(header, query));
    let path = PresentedToken::Bearer(BearerToken::in_path(text));
    for token in [Some(path), Some(PresentedToken::from_query(text)), header].into_iter().flatten() {
        let refused = AUTHORITY.authorize(claim(token), 0).expect_err("nobody signed it");
        assert!(
            !matches!(refused, UploadRefusal::Expired | UploadRefusal::TypeMismatch),
            "before the MAC: {refused}"
        );
    }
});

fn claim(token: PresentedToken<'_>) -> PutClaim<'_> {
    let path = ObjectPath::parse("9637f279e87dc3aba7eb582ceceaa621fa695865/r/cat.jpg").expect("a path");
    PutClaim { path, size: 4, content_type: None, token }
}
