//! How long the verdict on a token takes, by algorithm and by number of keys. A public key remembers which signatures are its own: what
//! one costs that it sees for the first time is what a bad one costs.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use ejabberd_sidecar::authn::jwt::{ClaimRules, Issuer, TokenTypes, UserRules, VhostVerifier};
use ejabberd_sidecar::authn::keys::{IssuerKeys, parse_jwks};
use ejabberd_sidecar::policy::{ADMIN_NAMES, LocalpartRules};
use ejabberd_sidecar::types::{Localpart, parse_vhost};
use serde_json::{Value, json};

#[path = "support/signers.rs"]
mod signers;

use signers::{Signer, now, tampered};

const ISSUER: &str = "https://login.example.org";

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let signers = [
        Signer::hs256(),
        Signer::rs256(),
        Signer::ps256(),
        Signer::es256(1),
        Signer::es384(),
        Signer::eddsa(),
    ];
    for signer in signers {
        let (verifier, token) = (verifier(&[signer.jwk(None)]), signer.token(ISSUER, None));
        let name = signer.algorithm();
        bench(&mut criterion, &format!("{name}, once more"), &verifier, &token, true);
        bench(&mut criterion, &format!("{name}, bad signature"), &verifier, &tampered(&token), false);
    }

    let keys: Vec<_> = (1..=10).map(|seed| Signer::es256(seed).jwk(Some(&format!("key {seed}")))).collect();
    let last = Signer::es256(10);
    let (one, ten) = (verifier(&keys[9..]), verifier(&keys));
    let (named, nameless) = (last.token(ISSUER, Some("key 10")), last.token(ISSUER, None));
    bench(&mut criterion, "ES256, key set of 1", &one, &named, true);
    bench(&mut criterion, "ES256, key set of 10", &ten, &named, true);
    bench(&mut criterion, "ES256, key set of 10, no kid, the last one signed", &ten, &nameless, true);
    criterion.final_summary();
}

/// A vhost with one issuer of these keys.
fn verifier(keys: &[Value]) -> VhostVerifier {
    let set = json!({ "keys": keys }).to_string();
    let admins = ADMIN_NAMES.map(str::to_owned);
    let issuer = Issuer {
        name: ISSUER.to_owned(),
        keys: IssuerKeys::new(parse_jwks(set.as_bytes(), None).expect("a key set").keys),
        types: TokenTypes::Usual,
        claims: ClaimRules {
            audience: vec![],
            leeway: Duration::from_secs(30),
            max_lifetime: Duration::from_hours(24),
            required: vec![],
        },
        user: UserRules {
            claim: "sub".parse().expect("a claim's name"),
            localparts: LocalpartRules::new(None, &admins).expect("names"),
            full_jid_only: false,
        },
    };
    VhostVerifier::new(parse_vhost("example.org").expect("a vhost"), 8192, vec![issuer])
}

fn bench(criterion: &mut Criterion, name: &str, verifier: &VhostVerifier, token: &str, good: bool) {
    let user = Localpart::new("alice").expect("a localpart").into_owned();
    let now = Duration::from_secs(now()).as_secs_f64();
    let verdict = verifier.verify(token, &user, now);
    assert_eq!(verdict.is_ok(), good, "{name}: {verdict:?}");
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| verifier.verify(black_box(token), &user, now).is_ok());
    });
}
