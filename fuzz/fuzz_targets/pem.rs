//! Public keys and certificates in PEM files.
#![no_main]

use ejabberd_sidecar::authn::keys::{KeyKind, parse_pem};
use libfuzzer_sys::fuzz_target;

mod allowed;

fuzz_target!(|input: &[u8]| {
    for allowed in allowed::CHOICES {
        if let Ok(keys) = parse_pem(input, allowed) {
            assert!(!keys.is_empty(), "a file without a key");
            assert!(keys.iter().all(|key| key.algorithm().kind() != KeyKind::Hmac), "a shared secret");
            allowed::check(&keys, allowed, input);
        }
    }
});
