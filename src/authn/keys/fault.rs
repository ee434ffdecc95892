//! What is wrong with a key, or with a set of them. The texts are for the operator and hold no key material.

use super::{Algorithm, KeyKind};

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// No JSON object.
    #[error("is not a JSON object")]
    NotAnObject,
    /// A member name that occurs twice.
    #[error("has a member twice")]
    DuplicateMember,
    /// No such member, or not a string.
    #[error("has no {0:?}")]
    Missing(&'static str),
    /// A member that is not what RFC 7517, 7518 or 8037 ask for.
    #[error("has an unusable {0:?}")]
    Malformed(&'static str),
    /// A `kty` or `crv` that is not among the supported ones, or a PEM block that holds something else.
    #[error("is of a kind that is not supported: RSA, P-256, P-384, Ed25519 and shared secrets are")]
    Unsupported,
    /// `use` is not `sig`, or `key_ops` does not hold `verify`.
    #[error("is not for verifying signatures ({0:?})")]
    OtherUse(&'static str),
    /// Its `alg` belongs to another kind of key, or to none.
    #[error("is a {kind}, but for {algorithm}")]
    OtherAlgorithm {
        /// What it is.
        kind: KeyKind,
        /// What its `alg` says.
        algorithm: Algorithm,
    },
    /// The issuer's `algorithms` do not allow it.
    #[error("is a {kind}, for which the issuer's `algorithms` leave nothing to do")]
    NotAllowed {
        /// What it is.
        kind: KeyKind,
    },
    /// A secret that is shorter than its algorithm's hash.
    #[error("is {have} bytes long, and {algorithm} needs {need}")]
    ShortSecret {
        /// What it is for.
        algorithm: Algorithm,
        /// Its bytes.
        have: usize,
        /// The bytes it needs.
        need: usize,
    },
    /// An RSA key that is too weak, or too large to verify with in time.
    #[error("is an RSA key of {bits} bits; from 2048 to 8192 are accepted")]
    RsaSize {
        /// The length of its modulus.
        bits: usize,
    },
    /// A shared secret that is the text of another key: everybody may have that.
    #[error("is a shared secret that holds a key in PEM or JSON, which others may have, too")]
    PublicSecret,
    /// A private key. Nobody should be able to steal it here.
    #[error("is a private key: give the public one (`openssl pkey -in FILE -pubout`)")]
    Private,
    /// The crypto library refused it: a point that does not lie on its curve, for instance.
    #[error("was refused by the crypto library: it is no valid key of its kind")]
    Unusable,
}

/// Why no key of a set can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetFault {
    /// No JSON object with an array `keys`.
    #[error("is not a JSON Web Key Set: an object with an array \"keys\"")]
    NotASet,
    /// A member name that occurs twice.
    #[error("has a member twice")]
    DuplicateMember,
    /// More than anybody needs, and every token without a `kid` tries them all.
    #[error("holds {have} keys; {} at most are accepted", super::jwks::MAX_KEYS)]
    TooManyKeys {
        /// How many.
        have: usize,
    },
    /// Whoever may read the secret could then be taken for whoever holds the private key.
    #[error("mixes shared secrets with public keys: make it two issuers")]
    Mixed,
    /// A token's `kid` would not tell which one is meant.
    #[error("has two usable keys with the same \"kid\"")]
    DuplicateKeyId,
    /// A PEM block without an end, or with something else than base64 in it.
    #[error("holds a block that is broken or cut off")]
    BrokenBlock,
    /// Nothing in a file that was said to hold keys.
    #[error("holds no key")]
    Empty,
    /// One of the keys of a file in which all have to be good.
    #[error("block {position} {fault}")]
    Key {
        /// Which one, from 1.
        position: usize,
        /// What is wrong with it.
        fault: KeyFault,
    },
}
