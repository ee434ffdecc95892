"""Keys that are not the issuer's, and signatures that do not fit."""

from collections.abc import Callable

from harness import jws
from harness.keys import Ec, Ed25519, Rsa, Secret
from harness.secrecy import secret_token

from .row import Row

ATTACKER = {"rsa": Rsa(), "es256": Ec(), "ed25519": Ed25519(), "secret": Secret()}


def own_key(issuer: str, key: str, **members):
    """Signed by the attacker, who says where to find his key."""
    return lambda i, user: getattr(i, issuer).token(user, header=members, key=ATTACKER[key])


def other_claims(issuers, user):
    head, _, signature = issuers.rsa.token("mallory").split(".")
    _, claims, _ = issuers.rsa.token(user).split(".")
    return secret_token(f"{head}.{claims}.{signature}")


def other_header(issuers, user):
    _, claims, signature = issuers.rsa.token(user).split(".")
    head, _, _ = issuers.rsa.token(user, header={"kid": "another"}).split(".")
    return secret_token(f"{head}.{claims}.{signature}")


def with_signature(issuer: str, make: Callable[[object, bytes], bytes]):
    def build(issuers, user):
        chosen = getattr(issuers, issuer)
        members = {"alg": chosen.key.algorithm}
        if chosen.key_id:
            members["kid"] = chosen.key_id
        signed = jws.signed_part(members, chosen.claims(user))
        return jws.of_parts(signed, make(chosen.key, signed.encode()))

    return build


THERE = "https://mallory.example/keys"
SIGNATURE = {
    "kid is a number": Row(
        "key_id_malformed", lambda i, user: i.set.token(user, header={"kid": 1})
    ),
    "kid is a list": Row(
        "key_id_malformed", lambda i, user: i.set.token(user, header={"kid": ["es256"]})
    ),
    "kid of nobody": Row("key_unknown", own_key("set", "es256", kid="nobody")),
    "kid is a path": Row("key_unknown", own_key("set", "es256", kid="../../dev/null")),
    "kid is a path with an empty secret": Row(
        "algorithm_refused",
        lambda i, user: i.set.token(user, header={"kid": "../../dev/null"}, key=Secret("")),
    ),
    "kid of a broken key": Row("key_unknown", own_key("set", "es256", kid="broken")),
    "kid in other letters": Row(
        "key_unknown", lambda i, user: i.set.token(user, header={"kid": "ES256"})
    ),
    "other claims": Row("signature_invalid", other_claims),
    "other header": Row("signature_invalid", other_header),
    "no signature": Row("signature_invalid", with_signature("secret", lambda *_: b"")),
    "half a signature": Row(
        "signature_invalid",
        with_signature("secret", lambda key, data: key.sign(data, "HS256")[:16]),
    ),
    "signature of zeros": Row("signature_invalid", with_signature("set", lambda *_: bytes(64))),
    "DER signature": Row(
        "signature_invalid", with_signature("set", lambda key, data: key.sign_der(data, "ES256"))
    ),
    "empty secret": Row("signature_invalid", lambda i, user: i.secret.token(user, key=Secret(""))),
    "foreign secret": Row("signature_invalid", own_key("secret", "secret")),
    "foreign rsa key": Row("signature_invalid", own_key("rsa", "rsa")),
    "foreign P-256 key": Row("signature_invalid", own_key("set", "es256")),
    "foreign Ed25519 key": Row("signature_invalid", own_key("set", "ed25519", kid="ed25519")),
    "issuers crossed": Row(
        "signature_invalid", lambda i, user: i.rsa.token(user, key=i.certificate.key)
    ),
    "secrets crossed": Row(
        "signature_invalid", lambda i, user: i.secret.token(user, key=i.prompt.key)
    ),
    "embedded jwk": Row("signature_invalid", own_key("rsa", "rsa", jwk=ATTACKER["rsa"].jwk())),
    "embedded jwk with a good kid": Row(
        "signature_invalid", own_key("set", "es256", jwk=ATTACKER["es256"].jwk(), kid="es256")
    ),
    "jku": Row("signature_invalid", own_key("rsa", "rsa", jku=THERE)),
    "x5u": Row("signature_invalid", own_key("rsa", "rsa", x5u=THERE)),
    "x5c": Row(
        "signature_invalid",
        own_key("rsa", "rsa", x5c=["".join(ATTACKER["rsa"].certificate().splitlines()[1:-1])]),
    ),
}
