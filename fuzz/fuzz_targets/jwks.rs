//! Key sets.
#![no_main]

use std::collections::HashSet;

use ejabberd_sidecar::authn::keys::{Algorithm, Key, parse_jwks};
use libfuzzer_sys::fuzz_target;

mod allowed;

fuzz_target!(|input: &[u8]| {
    for allowed in allowed::CHOICES {
        let Ok(set) = parse_jwks(input, allowed) else { continue };
        let positions: Vec<_> = set.skipped.iter().map(|skipped| skipped.position).collect();
        assert!(positions.is_sorted() && positions.first().is_none_or(|first| *first > 0));
        let keys: Vec<&Key> = Algorithm::ALL
            .into_iter()
            .filter_map(|algorithm| set.keys.candidates(algorithm, None).ok())
            .flatten()
            .collect();
        assert_eq!(keys.len(), set.keys.len(), "each key is for one algorithm");
        let names: HashSet<_> =
            keys.iter().filter_map(|key| Some((key.algorithm().name(), key.id()?))).collect();
        assert_eq!(
            names.len(),
            keys.iter().filter(|key| key.id().is_some()).count(),
            "a kid that tells nothing"
        );
        allowed::check(keys, allowed, input);
    }
});
