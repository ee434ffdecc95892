//! The query of an upload: which of its tokens counts.
#![no_main]

use ejabberd_sidecar::authn::{Carrier, PresentedToken, ServerScheme};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(query) = std::str::from_utf8(input) else { return };
    let values = |wanted: &str| -> Vec<_> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == wanted).map(|(_, value)| value).collect()
    };
    let (v, v2, token) = (values("v"), values("v2"), values("token"));
    let is_of_slot = !values("user").is_empty() && !values("expires").is_empty();
    let nothing = v.is_empty() && v2.is_empty() && token.is_empty();
    let later_version = || !v2.is_empty() || !token.is_empty();
    match PresentedToken::from_query(query) {
        PresentedToken::Missing => assert!(nothing && !is_of_slot),
        PresentedToken::HeaderMissing => assert!(nothing && is_of_slot),
        PresentedToken::OtherHeader | PresentedToken::TwoHeaders => unreachable!("a query has no header"),
        PresentedToken::Bearer(bearer) => {
            assert!(!token.is_empty() && is_of_slot && bearer.carrier == Carrier::Query);
        }
        PresentedToken::Doubled(scheme) => {
            assert!(token.is_empty() || !is_of_slot, "the slot counts");
            let doubled = of(scheme, &v, &v2, &token);
            assert!(doubled.len() > 1);
            assert!(scheme != ServerScheme::V || !later_version(), "a later version is there");
        }
        PresentedToken::Mac { scheme, mac } => {
            assert!(token.is_empty() || !is_of_slot, "the slot counts");
            assert_eq!(of(scheme, &v, &v2, &token), [mac]);
            assert!(scheme != ServerScheme::V || !later_version(), "a later version is there");
        }
    }
});

fn of<'v>(scheme: ServerScheme, v: &'v [&'v str], v2: &'v [&'v str], token: &'v [&'v str]) -> &'v [&'v str] {
    match scheme {
        ServerScheme::V => v,
        ServerScheme::V2 => v2,
        ServerScheme::Token => token,
    }
}
