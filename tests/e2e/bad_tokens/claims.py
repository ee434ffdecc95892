"""Who made the token, when, and for whom."""

from harness.jws import ABSENT

from .row import Row, claims, in_minutes

ISSUER = {
    "no iss": Row("issuer_missing", claims(iss=ABSENT)),
    "iss of nobody": Row("issuer_unknown", claims(iss="https://mallory.example")),
    "iss with a slash": Row("issuer_unknown", claims(iss="https://secret.example/")),
    "iss in capitals": Row("issuer_unknown", claims(iss="https://SECRET.example")),
}

TIMES = {
    "no exp": Row("expiry_missing", claims(exp=ABSENT)),
    "exp is a string": Row("expiry_malformed", claims(exp=lambda: str(in_minutes(10)))),
    "exp is true": Row("expiry_malformed", claims(exp=True)),
    "exp is a list": Row("expiry_malformed", claims(exp=lambda: [in_minutes(10)])),
    "exp in milliseconds": Row("expiry_in_milliseconds", claims(exp=lambda: 1000 * in_minutes(10))),
    "exp is over": Row("token_expired", claims(iat=ABSENT, exp=lambda: in_minutes(-2))),
    "exp is long over": Row("token_expired", claims(iat=0, exp=1)),
    "exp in two days": Row("lifetime_too_long", claims(exp=lambda: in_minutes(48 * 60))),
    "exp in two days without iat": Row(
        "lifetime_too_long", claims(iat=ABSENT, exp=lambda: in_minutes(48 * 60))
    ),
    "exp beyond this issuers lifetime": Row(
        "lifetime_too_long", claims("strict", exp=lambda: in_minutes(45))
    ),
    "nbf is a string": Row("not_before_malformed", claims(nbf="now")),
    "nbf in five minutes": Row("not_yet_valid", claims(nbf=lambda: in_minutes(5))),
    "iat is a string": Row("issued_at_malformed", claims(iat="now")),
    "iat in five minutes": Row("issued_in_future", claims(iat=lambda: in_minutes(5))),
}

AUDIENCE = {
    "no aud": Row("audience_missing", claims(aud=ABSENT)),
    "aud of another": Row("audience_mismatch", claims(aud="mail")),
    "aud of others": Row("audience_mismatch", claims(aud=["mail", "web"])),
    "aud is an empty list": Row("audience_mismatch", claims(aud=[])),
    "aud is the beginning": Row("audience_mismatch", claims(aud="xmp")),
    "aud where none is expected": Row("audience_mismatch", claims("rsa", aud="xmpp")),
}

CLAIMS = {
    "cnf": Row(
        "confirmation_required", claims(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})
    ),
    "no tenant": Row("required_claim_missing", claims("strict", tenant=ABSENT)),
    "another tenant": Row("required_claim_mismatch", claims("strict", tenant="rival")),
    "other tenants": Row("required_claim_mismatch", claims("strict", tenant=["rival", "acme2"])),
    "verified is a string": Row("required_claim_mismatch", claims("strict", verified="true")),
    "verified is a number": Row("required_claim_mismatch", claims("strict", verified=1)),
}
