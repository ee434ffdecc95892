//! Who signs and verifies the upload tokens of a vhost.

use std::time::Duration;

use super::key::{UploadKey, UploadKeys};
use super::{
    BearerToken, Carrier, Mac, PresentedToken, ProsodySlot, PutGrant, Scheme, ServerScheme, SlotTerms,
    UploadRefusal,
};
use crate::types::{ContentType, ObjectPath, Secret, Vhost};

/// How much longer than slots live one of ours may be good: clocks differ, and `slot_ttl` was perhaps a longer one a moment ago.
const LIFETIME_SLACK: Duration = Duration::from_hours(1);

/// What a request says it wants to store; nothing of it is believed yet.
#[derive(Debug, Clone)]
pub struct PutClaim<'request> {
    /// Where.
    pub path: ObjectPath,
    /// `Content-Length`.
    pub size: u64,
    /// `Content-Type`, if there is one.
    pub content_type: Option<ContentType>,
    /// What shall prove it.
    pub token: PresentedToken<'request>,
}

/// Which tokens a vhost believes.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// By which schemes.
    pub schemes: Vec<Scheme>,
    /// Whether slots of our own may have their token in the query.
    pub token_in_url: bool,
    /// How long they live.
    pub slot_ttl: Duration,
}

/// Signs and verifies the upload tokens of one vhost.
#[derive(Debug)]
pub struct UploadAuthority {
    vhost: Vhost,
    accepted: Acceptance,
    /// Those of XMPP servers.
    server_keys: UploadKeys,
    /// Those of our own slots.
    slot_keys: UploadKeys,
}

impl UploadAuthority {
    /// An authority for `vhost`, which believes what `accepted` says. `signing` signs; it and `retired` verify.
    #[must_use]
    pub fn new(vhost: Vhost, accepted: Acceptance, signing: &Secret, retired: &[Secret]) -> Self {
        let keys = |made| UploadKeys::new(signing, retired, made);
        Self { vhost, accepted, server_keys: keys(UploadKey::shared), slot_keys: keys(UploadKey::derived) }
    }

    /// Which tokens it believes.
    #[must_use]
    pub fn accepted(&self) -> &Acceptance {
        &self.accepted
    }

    /// Believes a claim if its token proves it at `now` (seconds since 1970).
    ///
    /// # Errors
    ///
    /// [`UploadRefusal`] if it does not.
    pub fn authorize(&self, claim: PutClaim<'_>, now: u64) -> Result<PutGrant, UploadRefusal> {
        let takes_headers = self.accepts(Scheme::Bearer) || self.accepts(Scheme::Jwt);
        match claim.token {
            PresentedToken::Mac { scheme, mac } => self.by_server(claim, scheme, mac),
            PresentedToken::Doubled(scheme) => Err(UploadRefusal::TokenDoubled(scheme)),
            PresentedToken::TwoHeaders => Err(UploadRefusal::AuthorizationDoubled),
            PresentedToken::OtherHeader if takes_headers => Err(UploadRefusal::AuthorizationNotBearer),
            PresentedToken::OtherHeader => Err(UploadRefusal::AuthorizationNotAccepted),
            PresentedToken::Bearer(token) => self.by_token(claim, token, now),
            PresentedToken::HeaderMissing if takes_headers => Err(UploadRefusal::BearerMissing),
            // Where nothing but such slots is accepted, that is what is missing.
            PresentedToken::Missing if !self.takes_servers() => Err(UploadRefusal::BearerMissing),
            PresentedToken::HeaderMissing | PresentedToken::Missing => Err(UploadRefusal::TokenMissing),
        }
    }

    /// Whether slots count whose token is in the query, as XMPP servers put it there.
    fn takes_servers(&self) -> bool {
        self.accepted.schemes.iter().any(|scheme| matches!(scheme, Scheme::Server(_)))
    }

    fn accepts(&self, scheme: Scheme) -> bool {
        self.accepted.schemes.contains(&scheme)
    }

    fn by_server(
        &self,
        claim: PutClaim<'_>,
        scheme: ServerScheme,
        token: &str,
    ) -> Result<PutGrant, UploadRefusal> {
        if !self.accepts(scheme.into()) {
            return Err(UploadRefusal::SchemeNotAccepted(scheme.into()));
        }
        let mut mac = [0; Mac::BYTES];
        hex::decode_to_slice(token, &mut mac).map_err(|_| UploadRefusal::TokenMalformed)?;
        let unknown = ContentType::unknown();
        let content_type = claim.content_type.as_ref().unwrap_or(&unknown);
        let signed = scheme.signed(&claim.path, claim.size, content_type);
        if self.server_keys.verify(&signed, &Mac::new(mac)) {
            Ok(PutGrant::unbound(self.vhost.clone(), claim, scheme.into()))
        } else {
            Err(UploadRefusal::MacInvalid)
        }
    }

    /// The token, if it is judged as one of Prosody's: ours hold no dot, and a JWT does. That chooses no key; each of the two has its own.
    #[must_use]
    pub fn jwt<'request>(&self, token: BearerToken<'request>) -> Option<&'request str> {
        let jwt = token.header().filter(|jwt| jwt.contains('.') || !self.accepts(Scheme::Bearer));
        jwt.filter(|_| self.accepts(Scheme::Jwt))
    }

    fn by_token(
        &self,
        claim: PutClaim<'_>,
        token: BearerToken<'_>,
        now: u64,
    ) -> Result<PutGrant, UploadRefusal> {
        match (self.jwt(token), token.carrier) {
            (Some(jwt), _) => self.by_prosody(claim, jwt, now),
            (None, _) if self.accepts(Scheme::Bearer) => self.by_slot(claim, token, now),
            (None, Carrier::Header) => Err(UploadRefusal::AuthorizationNotAccepted),
            (None, _) => Err(UploadRefusal::SchemeNotAccepted(Scheme::Bearer)),
        }
    }

    fn by_prosody(&self, claim: PutClaim<'_>, jwt: &str, now: u64) -> Result<PutGrant, UploadRefusal> {
        let slot = ProsodySlot::verify(jwt, &self.server_keys)?;
        slot.check(&self.vhost, &claim.path, claim.size, now)?;
        self.check_lifetime(slot.terms.expires, now)?;
        // So Prosody calls what its client did not name.
        let typed = slot.terms.content_type.as_ref().filter(|kind| **kind != ContentType::unknown());
        check_type(&claim, typed)?;
        let ProsodySlot { terms, issued, .. } = slot;
        let issued = issued.unwrap_or_else(|| self.issued_since(&terms));
        Ok(PutGrant::on_terms(self.vhost.clone(), claim, Scheme::Jwt, terms, issued))
    }

    fn by_slot(
        &self,
        claim: PutClaim<'_>,
        token: BearerToken<'_>,
        now: u64,
    ) -> Result<PutGrant, UploadRefusal> {
        if token.carrier == Carrier::Query && !self.accepted.token_in_url {
            return Err(UploadRefusal::BearerInUrl);
        }
        let (mac, terms) = token.read().map_err(|_| UploadRefusal::BearerMalformed)?;
        if !terms.are_for(&self.vhost, &claim.path) {
            return Err(UploadRefusal::BearerUser);
        }
        if !self.slot_keys.verify(terms.signed(&self.vhost, &claim.path, claim.size), &mac) {
            return Err(UploadRefusal::BearerInvalid);
        }
        self.check_lifetime(terms.expires, now)?;
        check_type(&claim, terms.content_type.as_ref())?;
        let issued = self.issued_since(&terms);
        Ok(PutGrant::on_terms(self.vhost.clone(), claim, Scheme::Bearer, terms, issued))
    }

    /// Since when there may be a slot that does not tell. One that was good for longer would have been refused.
    fn issued_since(&self, terms: &SlotTerms) -> u64 {
        terms.expires.saturating_sub(self.longest_lifetime().as_secs())
    }

    fn check_lifetime(&self, expires: u64, now: u64) -> Result<(), UploadRefusal> {
        if expires <= now {
            Err(UploadRefusal::Expired)
        } else if expires - now > self.longest_lifetime().as_secs() {
            Err(UploadRefusal::LivesTooLong)
        } else {
            Ok(())
        }
    }

    /// Slots that end, and are good for longer, are refused.
    #[must_use]
    pub fn longest_lifetime(&self) -> Duration {
        self.accepted.slot_ttl.saturating_add(LIFETIME_SLACK)
    }

    /// The query of a URL to PUT a file of `size` bytes to, as an XMPP server makes it.
    #[must_use]
    pub fn sign_as_server(
        &self,
        scheme: ServerScheme,
        path: &ObjectPath,
        size: u64,
        content_type: &ContentType,
    ) -> String {
        let mac = self.server_keys.sign(scheme.signed(path, size, content_type));
        format!("{scheme}={}", hex::encode(mac.bytes()))
    }

    /// The token of a slot of ours, for a file of `size` bytes.
    #[must_use]
    pub fn sign_slot(&self, path: &ObjectPath, size: u64, terms: &SlotTerms) -> Mac {
        self.slot_keys.sign(terms.signed(&self.vhost, path, size))
    }
}

/// A client that names no type is a careless one; the slot says what the file is.
fn check_type(claim: &PutClaim<'_>, signed: Option<&ContentType>) -> Result<(), UploadRefusal> {
    match (&claim.content_type, signed) {
        (Some(sent), Some(signed)) if sent != signed => Err(UploadRefusal::TypeMismatch),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::parse_vhost;

    const NOW: u64 = 1_800_000_000;

    fn authority(accepted: &[ServerScheme], signing: &str, retired: &[&str]) -> UploadAuthority {
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec(), 0).unwrap();
        let retired: Vec<_> = retired.iter().map(|text| secret(text)).collect();
        let schemes = accepted.iter().copied().map(Scheme::from).collect();
        let accepted = Acceptance { schemes, token_in_url: false, slot_ttl: Duration::from_mins(5) };
        UploadAuthority::new(parse_vhost("localhost").unwrap(), accepted, &secret(signing), &retired)
    }

    fn path(text: &str) -> ObjectPath {
        ObjectPath::parse(text).unwrap()
    }

    fn claim<'t>(place: &str, size: u64, content_type: &str, token: PresentedToken<'t>) -> PutClaim<'t> {
        let content_type = Some(ContentType::parse(content_type).unwrap());
        PutClaim { path: path(place), size, content_type, token }
    }

    /// Scheme, secret, path, size, type, MAC: vectors of Prosody's documentation and of peers' test suites.
    const VECTORS: [(ServerScheme, &str, &str, u64, &str, &str); 5] = [
        (
            ServerScheme::V,
            "secret string",
            "foo/bar.jpg",
            1_048_576,
            "image/jpeg",
            "e6df55a04516617d6a86ad6ca23879819591085a1a8c0041f4da06824f5d2db7",
        ),
        (
            ServerScheme::V,
            "mysecret",
            "thomas/abc/catmetal.jpg",
            23_026,
            "image/jpeg",
            "7b8879e2d1c733b423a70cde30cecc3a3c64a03f790d1b5bcbb2a6aca52b477e",
        ),
        (
            ServerScheme::V2,
            "secret string",
            "foo/bar.jpg",
            1_048_576,
            "image/jpeg",
            "a19d27add075aa60035e27c05e794f13079ba48c508852b3d7160a6bec0f85ab",
        ),
        (
            ServerScheme::V2,
            "mysecret",
            "thomas/abc/catmetal.jpg",
            23_026,
            "image/jpeg",
            "7318cd44d4c40731e3b2ff869f553ab2326eae631868e7b8054db20d4aee1c06",
        ),
        (
            ServerScheme::Token,
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
            assert_eq!(
                authority.sign_as_server(scheme, &path(place), size, &kind),
                format!("{scheme}={mac}")
            );
            let claim = claim(place, size, content_type, PresentedToken::Mac { scheme, mac });
            let grant = authority.authorize(claim, NOW).unwrap();
            assert_eq!((grant.path().as_str(), grant.size(), grant.content_type()), (place, size, &kind));
            assert_eq!(grant.vhost().as_str(), "localhost");
        }
    }

    #[test]
    fn a_token_is_for_one_path_and_one_size_and_from_v2_on_for_one_type() {
        for (scheme, secret, place, size, content_type, mac) in VECTORS {
            let authority = authority(&[ServerScheme::V, ServerScheme::V2, ServerScheme::Token], secret, &[]);
            let verdict = |place: &str, size, content_type: &str, scheme| {
                authority
                    .authorize(claim(place, size, content_type, PresentedToken::Mac { scheme, mac }), NOW)
            };
            let longer = format!("{place} 1");
            for (place, size) in [(place, size + 1), (&longer, size), ("a/b", size), (&longer, size / 10)] {
                let refused = verdict(place, size, content_type, scheme).unwrap_err();
                assert_eq!(refused, UploadRefusal::MacInvalid, "{scheme} {place} {size}");
            }
            let other_type = verdict(place, size, "image/png", scheme);
            assert_eq!(other_type.is_ok(), scheme == ServerScheme::V, "{scheme}");
            let other_scheme = if scheme == ServerScheme::V { ServerScheme::V2 } else { ServerScheme::V };
            assert!(verdict(place, size, content_type, other_scheme).is_err(), "{scheme}");
        }
    }

    #[test]
    fn what_is_not_an_accepted_token_has_its_reason() {
        let authority = authority(&[ServerScheme::V], "secret", &[]);
        let long = "0".repeat(66);
        let mac = |mac| PresentedToken::Mac { scheme: ServerScheme::V, mac };
        for (token, refusal) in [
            (PresentedToken::Missing, UploadRefusal::TokenMissing),
            (PresentedToken::OtherHeader, UploadRefusal::AuthorizationNotAccepted),
            (PresentedToken::Doubled(ServerScheme::V), UploadRefusal::TokenDoubled(ServerScheme::V)),
            (
                PresentedToken::Mac { scheme: ServerScheme::V2, mac: "" },
                UploadRefusal::SchemeNotAccepted(ServerScheme::V2.into()),
            ),
            (mac(""), UploadRefusal::TokenMalformed),
            (mac("xyz"), UploadRefusal::TokenMalformed),
            (mac(&long), UploadRefusal::TokenMalformed),
        ] {
            let refused = authority.authorize(claim("a/b", 1, "a/b", token), NOW).unwrap_err();
            assert_eq!(refused, refusal, "{token:?}");
        }
    }

    #[test]
    fn a_retired_secret_verifies_and_does_not_sign() {
        let sign = |signing: &str, retired: &[&str]| {
            let authority = authority(&[ServerScheme::V], signing, retired);
            authority.sign_as_server(ServerScheme::V, &path("a/b"), 1, &ContentType::unknown())
        };
        let verdict = |signing: &str, retired: &[&str], query: &str| {
            let claim = claim("a/b", 1, "a/b", PresentedToken::from_query(query));
            authority(&[ServerScheme::V], signing, retired).authorize(claim, NOW)
        };
        let (old, both) = (sign("the old secret", &[]), ["an older secret", "the old secret"]);
        assert!(verdict("the new secret", &both, &old).is_ok());
        assert_ne!(sign("the new secret", &both), old);
        assert!(verdict("the new secret", &["an older secret"], &old).is_err());
    }
}
