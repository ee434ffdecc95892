//! Who signs and verifies the upload tokens of a vhost.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{PresentedToken, PutGrant, Scheme, UploadRefusal};
use crate::types::{ContentType, ObjectPath, Secret, Vhost};

/// What a request says it wants to store; nothing of it is believed yet.
#[derive(Debug, Clone)]
pub struct PutClaim<'request> {
    /// Where.
    pub path: ObjectPath,
    /// `Content-Length`.
    pub size: u64,
    /// `Content-Type`.
    pub content_type: ContentType,
    /// What shall prove it.
    pub token: PresentedToken<'request>,
}

/// Signs and verifies the upload tokens of one vhost.
#[derive(Debug)]
pub struct UploadAuthority {
    vhost: Vhost,
    accepted: Vec<Scheme>,
    signing: Hmac<Sha256>,
    /// Verify too, while a secret is being replaced.
    retired: Vec<Hmac<Sha256>>,
}

impl UploadAuthority {
    /// An authority for `vhost`, which believes tokens of the schemes `accepted`. `signing` signs; it and `retired` verify.
    #[must_use]
    pub fn new(vhost: Vhost, accepted: Vec<Scheme>, signing: &Secret, retired: &[Secret]) -> Self {
        Self { vhost, accepted, signing: keyed(signing), retired: retired.iter().map(keyed).collect() }
    }

    /// Believes a claim if its token proves it.
    ///
    /// # Errors
    ///
    /// [`UploadRefusal`] if it does not.
    pub fn authorize(&self, claim: PutClaim<'_>) -> Result<PutGrant, UploadRefusal> {
        let (scheme, token) = match claim.token {
            PresentedToken::Mac { scheme, mac } => (scheme, mac),
            PresentedToken::Missing => return Err(UploadRefusal::TokenMissing),
            PresentedToken::Header => return Err(UploadRefusal::AuthorizationNotAccepted),
            PresentedToken::Doubled(scheme) => return Err(UploadRefusal::TokenDoubled(scheme)),
        };
        if !self.accepted.contains(&scheme) {
            return Err(UploadRefusal::SchemeNotAccepted(scheme));
        }
        let mut mac = [0; 32];
        hex::decode_to_slice(token, &mut mac).map_err(|_| UploadRefusal::TokenMalformed)?;
        let signed = scheme.signed(&claim.path, claim.size, &claim.content_type);
        let mut keys = std::iter::once(&self.signing).chain(&self.retired);
        // verify_slice takes the same time wherever the two differ.
        if keys.any(|key| key.clone().chain_update(&signed).verify_slice(&mac).is_ok()) {
            Ok(PutGrant::new(self.vhost.clone(), claim))
        } else {
            Err(UploadRefusal::MacInvalid)
        }
    }

    /// The query of a URL to PUT a file of `size` bytes to, by the first scheme that is accepted.
    #[must_use]
    pub fn sign(&self, path: &ObjectPath, size: u64, content_type: &ContentType) -> String {
        let scheme = self.accepted.first().copied().unwrap_or(Scheme::V);
        let mac = self.signing.clone().chain_update(scheme.signed(path, size, content_type));
        format!("{scheme}={}", hex::encode(mac.finalize().into_bytes()))
    }
}

fn keyed(secret: &Secret) -> Hmac<Sha256> {
    // RFC 2104 takes keys of any length, so this cannot fail.
    Hmac::new_from_slice(secret.bytes()).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::parse_vhost;

    fn authority(accepted: &[Scheme], signing: &str, retired: &[&str]) -> UploadAuthority {
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec(), 0).unwrap();
        let retired: Vec<_> = retired.iter().map(|text| secret(text)).collect();
        UploadAuthority::new(parse_vhost("localhost").unwrap(), accepted.to_vec(), &secret(signing), &retired)
    }

    fn path(text: &str) -> ObjectPath {
        ObjectPath::parse(text).unwrap()
    }

    fn claim<'t>(place: &str, size: u64, content_type: &str, token: PresentedToken<'t>) -> PutClaim<'t> {
        PutClaim { path: path(place), size, content_type: ContentType::parse(content_type).unwrap(), token }
    }

    /// Scheme, secret, path, size, type, MAC: vectors of Prosody's documentation and of peers' test suites.
    const VECTORS: [(Scheme, &str, &str, u64, &str, &str); 5] = [
        (
            Scheme::V,
            "secret string",
            "foo/bar.jpg",
            1_048_576,
            "image/jpeg",
            "e6df55a04516617d6a86ad6ca23879819591085a1a8c0041f4da06824f5d2db7",
        ),
        (
            Scheme::V,
            "mysecret",
            "thomas/abc/catmetal.jpg",
            23_026,
            "image/jpeg",
            "7b8879e2d1c733b423a70cde30cecc3a3c64a03f790d1b5bcbb2a6aca52b477e",
        ),
        (
            Scheme::V2,
            "secret string",
            "foo/bar.jpg",
            1_048_576,
            "image/jpeg",
            "a19d27add075aa60035e27c05e794f13079ba48c508852b3d7160a6bec0f85ab",
        ),
        (
            Scheme::V2,
            "mysecret",
            "thomas/abc/catmetal.jpg",
            23_026,
            "image/jpeg",
            "7318cd44d4c40731e3b2ff869f553ab2326eae631868e7b8054db20d4aee1c06",
        ),
        (
            Scheme::Token,
            "mysecret",
            "thomas/abc/catmetal.jpg",
            23_026,
            "image/jpeg",
            "7318cd44d4c40731e3b2ff869f553ab2326eae631868e7b8054db20d4aee1c06",
        ),
    ];

    #[test]
    fn signs_and_verifies_the_published_vectors() {
        for (scheme, secret, place, size, content_type, mac) in VECTORS {
            let authority = authority(&[scheme], secret, &[]);
            let kind = ContentType::parse(content_type).unwrap();
            assert_eq!(authority.sign(&path(place), size, &kind), format!("{scheme}={mac}"));
            let claim = claim(place, size, content_type, PresentedToken::Mac { scheme, mac });
            let grant = authority.authorize(claim).unwrap();
            assert_eq!((grant.path().as_str(), grant.size(), grant.content_type()), (place, size, &kind));
            assert_eq!(grant.vhost().as_str(), "localhost");
        }
    }

    #[test]
    fn a_token_is_for_one_path_and_one_size_and_from_v2_on_for_one_type() {
        for (scheme, secret, place, size, content_type, mac) in VECTORS {
            let authority = authority(&[Scheme::V, Scheme::V2, Scheme::Token], secret, &[]);
            let verdict = |place: &str, size, content_type: &str, scheme| {
                authority.authorize(claim(place, size, content_type, PresentedToken::Mac { scheme, mac }))
            };
            let longer = format!("{place} 1");
            for (place, size) in [(place, size + 1), (&longer, size), ("a/b", size), (&longer, size / 10)] {
                let refused = verdict(place, size, content_type, scheme).unwrap_err();
                assert_eq!(refused, UploadRefusal::MacInvalid, "{scheme} {place} {size}");
            }
            let other_type = verdict(place, size, "image/png", scheme);
            assert_eq!(other_type.is_ok(), scheme == Scheme::V, "{scheme}");
            let other_scheme = if scheme == Scheme::V { Scheme::V2 } else { Scheme::V };
            assert!(verdict(place, size, content_type, other_scheme).is_err(), "{scheme}");
        }
    }

    #[test]
    fn what_is_not_an_accepted_token_has_its_reason() {
        let authority = authority(&[Scheme::V], "secret", &[]);
        let long = "0".repeat(66);
        let mac = |mac| PresentedToken::Mac { scheme: Scheme::V, mac };
        for (token, refusal) in [
            (PresentedToken::Missing, UploadRefusal::TokenMissing),
            (PresentedToken::Header, UploadRefusal::AuthorizationNotAccepted),
            (PresentedToken::Doubled(Scheme::V), UploadRefusal::TokenDoubled(Scheme::V)),
            (
                PresentedToken::Mac { scheme: Scheme::V2, mac: "" },
                UploadRefusal::SchemeNotAccepted(Scheme::V2),
            ),
            (mac(""), UploadRefusal::TokenMalformed),
            (mac("xyz"), UploadRefusal::TokenMalformed),
            (mac(&long), UploadRefusal::TokenMalformed),
        ] {
            let refused = authority.authorize(claim("a/b", 1, "a/b", token)).unwrap_err();
            assert_eq!(refused, refusal, "{token:?}");
        }
    }

    #[test]
    fn a_retired_secret_verifies_and_does_not_sign() {
        let sign = |signing: &str, retired: &[&str]| {
            authority(&[Scheme::V], signing, retired).sign(&path("a/b"), 1, &ContentType::unknown())
        };
        let verdict = |signing: &str, retired: &[&str], query: &str| {
            let claim = claim("a/b", 1, "a/b", PresentedToken::from_query(query));
            authority(&[Scheme::V], signing, retired).authorize(claim)
        };
        let (old, both) = (sign("the old secret", &[]), ["an older secret", "the old secret"]);
        assert!(verdict("the new secret", &both, &old).is_ok());
        assert_ne!(sign("the new secret", &both), old);
        assert!(verdict("the new secret", &["an older secret"], &old).is_err());
    }
}
