//! A token that comes again: its key remembers the signature, and nothing but the signature.

use ejabberd_sidecar::authn::jwt::Refusal;
use ejabberd_sidecar::authn::keys::{Algorithm, KeySet};

use crate::jose::gate::{Gate, ISSUER, NOW, good_token, issuer};
use crate::jose::owner::Owner;

#[test]
fn what_let_alice_in_is_judged_anew() {
    for algorithm in Algorithm::ALL {
        let issuer = issuer(ISSUER, Owner::Issuer.key(algorithm));
        let keys = issuer.keys.clone();
        let gate = Gate::of(vec![issuer]);
        let token = good_token(algorithm);
        for _ in 0..3 {
            assert_eq!(gate.verdict(&token), Ok(()), "{algorithm}");
        }
        assert_eq!(gate.verdict_at(&token, NOW + 89), Ok(()), "{algorithm}");
        assert_eq!(gate.verdict_at(&token, NOW + 90), Err(Refusal::TokenExpired), "{algorithm}");
        assert_eq!(gate.verdict_for("bob", &token), Err(Refusal::UserMismatch), "{algorithm}");
        keys.replace(KeySet::new(Owner::Stranger.key(algorithm)));
        assert_eq!(gate.verdict(&token), Err(Refusal::SignatureInvalid), "{algorithm}");
        keys.replace(KeySet::new(Owner::Issuer.key(algorithm)));
        assert_eq!(gate.verdict(&token), Ok(()), "{algorithm}");
    }
}

#[test]
fn no_other_signature_profits_from_it() {
    for algorithm in Algorithm::ALL {
        let gate = Gate::new(Owner::Issuer.key(algorithm));
        let token = good_token(algorithm);
        assert_eq!(gate.verdict(&token), Ok(()), "{algorithm}");
        let (input, signature) = token.rsplit_once('.').expect("three parts");
        let other = if signature.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{input}.{other}{}", &signature[1..]);
        for _ in 0..3 {
            assert_eq!(gate.verdict(&changed), Err(Refusal::SignatureInvalid), "{algorithm}");
        }
        assert_eq!(gate.verdict(&token), Ok(()), "{algorithm}");
    }
}
