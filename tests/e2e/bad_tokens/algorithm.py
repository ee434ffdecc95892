"""The algorithm is the key's, whatever the header says."""

from harness import jws
from harness.jws import ABSENT
from harness.keys import Secret

from .row import Row, header


def unsigned(name: str, signature: bytes = b""):
    def build(issuers, user):
        return jws.of_parts(jws.signed_part({"alg": name}, issuers.rsa.claims(user)), signature)

    return build


def public_key_as_secret(issuers, user):
    """RS256 to HS256: the public key's text taken for a shared secret."""
    return issuers.rsa.token(user, key=Secret(issuers.rsa.key.pem()))


def certificate_as_secret(issuers, user):
    key = Secret(issuers.certificate.key.certificate())
    return issuers.certificate.token(user, key=key)


ALGORITHM = {
    "none": Row("algorithm_none", unsigned("none")),
    "None capitalised": Row("algorithm_none", unsigned("None")),
    "nOnE in mixed case": Row("algorithm_none", unsigned("nOnE")),
    "NONE with a signature": Row("algorithm_none", unsigned("NONE", b"signature")),
    "no alg": Row("algorithm_refused", header(alg=ABSENT)),
    "unheard of": Row("algorithm_refused", header(alg="HS1024")),
    "HS384 for HS256": Row(
        "algorithm_refused", lambda i, user: i.secret.token(user, algorithm="HS384")
    ),
    "HS256 for HS512": Row(
        "algorithm_refused", lambda i, user: i.jwk.token(user, algorithm="HS256")
    ),
    "RS512 for RS256": Row(
        "algorithm_refused", lambda i, user: i.rsa.token(user, algorithm="RS512")
    ),
    "PS256 for RS256": Row(
        "algorithm_refused", lambda i, user: i.rsa.token(user, algorithm="PS256")
    ),
    "RS256 for PS256": Row(
        "algorithm_refused", lambda i, user: i.strong.token(user, algorithm="RS256")
    ),
    "public key as secret": Row("algorithm_refused", public_key_as_secret),
    "certificate as secret": Row("algorithm_refused", certificate_as_secret),
    "ES256 names the rsa issuer": Row(
        "algorithm_refused", lambda i, user: i.rsa.token(user, key=i.set.key)
    ),
    "HS256 names the rsa issuer": Row(
        "algorithm_refused", lambda i, user: i.rsa.token(user, key=i.secret.key)
    ),
    "EdDSA names an ES256 key": Row(
        "key_unknown", lambda i, user: i.set.token(user, key=i.set_keys["ed25519"])
    ),
}
