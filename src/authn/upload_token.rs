//! Upload tokens, and the grants that come of them.
//!
//! Scheme `v` is what `mod_http_upload` of ejabberd with `external_secret`, and Prosody's `mod_http_upload_external` send:
//! `?v=` and the lower-case hex HMAC-SHA256 over `path SP size`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::types::{ContentType, ObjectPath, Secret, Vhost};

/// Permission to store one file. Only [`UploadAuthority`] makes one, and using it uses it up.
#[derive(Debug)]
pub struct PutGrant {
    vhost: Vhost,
    path: ObjectPath,
    size: u64,
    content_type: ContentType,
}

impl PutGrant {
    /// The vhost that the file belongs to.
    #[must_use]
    pub fn vhost(&self) -> &Vhost {
        &self.vhost
    }

    /// Where the file goes.
    #[must_use]
    pub fn path(&self) -> &ObjectPath {
        &self.path
    }

    /// Exactly so many bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What it will be served as.
    #[must_use]
    pub fn content_type(&self) -> &ContentType {
        &self.content_type
    }
}

/// What a request says it wants to store; nothing of it is believed yet.
#[derive(Debug)]
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

/// The one proof of a request that counts: an `Authorization` header if there is one, else the highest version in the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresentedToken<'request> {
    /// None at all.
    Missing,
    /// An `Authorization` header, which no accepted scheme uses.
    Header,
    /// `?v2=` or `?token=`, which is not accepted.
    LaterVersion,
    /// `?v=`.
    V(&'request str),
}

/// Why an upload token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UploadRefusal {
    /// No token.
    #[error("the URL has no upload token (?v=)")]
    TokenMissing,
    /// Not 64 hex digits.
    #[error("the upload token is not a hex HMAC-SHA256")]
    TokenMalformed,
    /// Made with another secret, for another path or for another size.
    #[error("the upload token does not match: another secret, path or size was signed")]
    MacInvalid,
    /// `?v2=` or `?token=`.
    #[error("this version of upload token is not accepted")]
    SchemeNotAccepted,
    /// An `Authorization` header.
    #[error("uploads with an Authorization header are not accepted")]
    AuthorizationNotAccepted,
}

impl UploadRefusal {
    /// The stable reason code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TokenMissing => "token_missing",
            Self::TokenMalformed => "token_malformed",
            Self::MacInvalid => "mac_invalid",
            Self::SchemeNotAccepted => "scheme_not_accepted",
            Self::AuthorizationNotAccepted => "authorization_not_accepted",
        }
    }
}

/// Signs and verifies the upload tokens of one vhost.
#[derive(Debug)]
pub struct UploadAuthority {
    vhost: Vhost,
    signing: Hmac<Sha256>,
    /// Verify too, while a secret is being replaced.
    retired: Vec<Hmac<Sha256>>,
}

impl UploadAuthority {
    /// An authority for `vhost`. `signing` signs; it and `retired` verify.
    #[must_use]
    pub fn new(vhost: Vhost, signing: &Secret, retired: &[Secret]) -> Self {
        Self { vhost, signing: keyed(signing), retired: retired.iter().map(keyed).collect() }
    }

    /// Believes a claim if its token proves it.
    ///
    /// # Errors
    ///
    /// [`UploadRefusal`] if it does not.
    pub fn authorize(&self, claim: PutClaim<'_>) -> Result<PutGrant, UploadRefusal> {
        let token = match claim.token {
            PresentedToken::V(token) => token,
            PresentedToken::Missing => return Err(UploadRefusal::TokenMissing),
            PresentedToken::Header => return Err(UploadRefusal::AuthorizationNotAccepted),
            PresentedToken::LaterVersion => return Err(UploadRefusal::SchemeNotAccepted),
        };
        let mut mac = [0; 32];
        hex::decode_to_slice(token, &mut mac).map_err(|_| UploadRefusal::TokenMalformed)?;
        let keys = std::iter::once(&self.signing).chain(&self.retired);
        let signed =
            keys.map(|key| mac_v(key, &claim.path, claim.size)).any(|ours| ours.verify_slice(&mac).is_ok());
        if !signed {
            return Err(UploadRefusal::MacInvalid);
        }
        let PutClaim { path, size, content_type, .. } = claim;
        Ok(PutGrant { vhost: self.vhost.clone(), path, size, content_type })
    }

    /// The `v` token for a file of `size` bytes at `path`.
    #[must_use]
    pub fn sign_v(&self, path: &ObjectPath, size: u64) -> String {
        hex::encode(mac_v(&self.signing, path, size).finalize().into_bytes())
    }
}

fn keyed(secret: &Secret) -> Hmac<Sha256> {
    // RFC 2104 takes keys of any length, so this cannot fail.
    Hmac::new_from_slice(secret.bytes()).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"))
}

fn mac_v(key: &Hmac<Sha256>, path: &ObjectPath, size: u64) -> Hmac<Sha256> {
    key.clone().chain_update(path.as_str()).chain_update(format!(" {size}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::parse_vhost;

    fn authority(signing: &str, retired: &[&str]) -> UploadAuthority {
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec(), 0).unwrap();
        let retired: Vec<_> = retired.iter().map(|text| secret(text)).collect();
        UploadAuthority::new(parse_vhost("localhost").unwrap(), &secret(signing), &retired)
    }

    fn claim<'t>(path: &str, size: u64, token: PresentedToken<'t>) -> PutClaim<'t> {
        PutClaim { path: ObjectPath::parse(path).unwrap(), size, content_type: ContentType::unknown(), token }
    }

    /// Vectors of Prosody's documentation and of peers' test suites.
    const VECTORS: [(&str, &str, u64, &str); 2] = [
        (
            "secret string",
            "foo/bar.jpg",
            1_048_576,
            "e6df55a04516617d6a86ad6ca23879819591085a1a8c0041f4da06824f5d2db7",
        ),
        (
            "mysecret",
            "thomas/abc/catmetal.jpg",
            23_026,
            "7b8879e2d1c733b423a70cde30cecc3a3c64a03f790d1b5bcbb2a6aca52b477e",
        ),
    ];

    #[test]
    fn signs_and_verifies_the_published_vectors() {
        for (secret, path, size, token) in VECTORS {
            let authority = authority(secret, &[]);
            assert_eq!(authority.sign_v(&ObjectPath::parse(path).unwrap(), size), token);
            let grant = authority.authorize(claim(path, size, PresentedToken::V(token))).unwrap();
            assert_eq!((grant.path().as_str(), grant.size()), (path, size));
            assert_eq!(grant.vhost().as_str(), "localhost");
        }
    }

    #[test]
    fn a_token_is_for_one_path_and_one_size() {
        let (secret, path, size, token) = VECTORS[0];
        let authority = authority(secret, &[]);
        for (path, size) in
            [("foo/baz.jpg", size), (path, size + 1), ("foo/bar.jpg 1", 48_576), ("fo/obar.jpg", size)]
        {
            let verdict = authority.authorize(claim(path, size, PresentedToken::V(token)));
            assert_eq!(verdict.unwrap_err(), UploadRefusal::MacInvalid, "{path} {size}");
        }
    }

    #[test]
    fn what_is_not_an_accepted_token_has_its_reason() {
        let authority = authority("secret", &[]);
        let long = "0".repeat(66);
        for (token, refusal) in [
            (PresentedToken::Missing, UploadRefusal::TokenMissing),
            (PresentedToken::Header, UploadRefusal::AuthorizationNotAccepted),
            (PresentedToken::LaterVersion, UploadRefusal::SchemeNotAccepted),
            (PresentedToken::V(""), UploadRefusal::TokenMalformed),
            (PresentedToken::V("xyz"), UploadRefusal::TokenMalformed),
            (PresentedToken::V(&long), UploadRefusal::TokenMalformed),
        ] {
            assert_eq!(authority.authorize(claim("a/b", 1, token)).unwrap_err(), refusal, "{token:?}");
        }
    }

    #[test]
    fn a_retired_secret_verifies_and_does_not_sign() {
        let path = ObjectPath::parse("a/b").unwrap();
        let old = authority("the old secret", &[]).sign_v(&path, 1);
        let rotated = authority("the new secret", &["an older secret", "the old secret"]);
        assert!(rotated.authorize(claim("a/b", 1, PresentedToken::V(&old))).is_ok());
        assert_ne!(rotated.sign_v(&path, 1), old);
        let removed = authority("the new secret", &["an older secret"]);
        assert!(removed.authorize(claim("a/b", 1, PresentedToken::V(&old))).is_err());
    }
}
