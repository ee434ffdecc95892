//! Keys in JSON.
#![no_main]

use ejabberd_sidecar::authn::keys::parse_jwk;
use libfuzzer_sys::fuzz_target;

mod allowed;

fuzz_target!(|input: &[u8]| {
    for allowed in allowed::CHOICES {
        if let Ok(keys) = parse_jwk(input, allowed) {
            assert!(!keys.is_empty(), "a key that is good for nothing");
            allowed::check(&keys, allowed, input);
        }
    }
});
