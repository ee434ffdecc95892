//! The query of an upload: which of its tokens counts.
#![no_main]

use ejabberd_sidecar::authn::{PresentedToken, Scheme};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(query) = std::str::from_utf8(input) else { return };
    let values = |wanted: &str| -> Vec<_> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value).collect()
    };
    let (v, v2, token) = (values("v"), values("v2"), values("token"));
    match PresentedToken::from_query(query) {
        PresentedToken::Missing => assert!(v.is_empty() && v2.is_empty() && token.is_empty()),
        PresentedToken::Header => unreachable!("a query has no header"),
        PresentedToken::Doubled(scheme) => {
            let doubled = of(scheme, &v, &v2, &token);
            assert!(doubled.len() > 1);
            assert!(scheme != Scheme::V || v2.is_empty() && token.is_empty(), "a later version is there");
        }
        PresentedToken::Mac { scheme, mac } => {
            assert_eq!(of(scheme, &v, &v2, &token), [mac]);
            assert!(scheme != Scheme::V || v2.is_empty() && token.is_empty(), "a later version is there");
        }
    }
});

fn of<'v>(scheme: Scheme, v: &'v [&'v str], v2: &'v [&'v str], token: &'v [&'v str]) -> &'v [&'v str] {
    match scheme {
        Scheme::V => v,
        Scheme::V2 => v2,
        Scheme::Token => token,
    }
}
