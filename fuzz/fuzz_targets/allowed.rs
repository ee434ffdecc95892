//! What every key has to keep to, however it was written.

use ejabberd_sidecar::authn::keys::{Algorithm, AllowedAlgorithms, Key};

/// What an issuer's `algorithms` may be.
pub(crate) const CHOICES: [AllowedAlgorithms<'static>; 4] = [
    None,
    Some(&[Algorithm::Hs256, Algorithm::Hs512]),
    Some(&[Algorithm::Rs256, Algorithm::Ps256, Algorithm::Ps512, Algorithm::EdDsa]),
    Some(&[Algorithm::Es256, Algorithm::Es384]),
];

/// They are of one kind, for algorithms that are allowed, and no signature over `signed` that was not made with them is theirs.
pub(crate) fn check<'keys>(
    keys: impl IntoIterator<Item = &'keys Key>,
    allowed: AllowedAlgorithms<'_>,
    signed: &[u8],
) {
    let mut shared = None;
    for key in keys {
        let algorithm = key.algorithm();
        assert!(allowed.is_none_or(|allowed| allowed.contains(&algorithm)), "{algorithm} is not allowed");
        let is_shared = algorithm.name().starts_with("HS");
        assert_eq!(*shared.get_or_insert(is_shared), is_shared, "shared secrets among public keys");
        for length in [0, 32, 64, 96, 256] {
            assert!(!key.verifies(signed, &vec![0; length]), "zeros are a signature");
        }
    }
}
