"""Headers of what is no login token."""

from harness.jws import ABSENT

from .row import Row, header

HEADER = {
    "crit": Row("header_critical", header(crit=["exp"])),
    "unencoded claims": Row("header_critical", header(b64=False, crit=["b64"])),
    "zip": Row("header_compressed", header(zip="DEF")),
    "cty": Row("header_content_type", header(cty="JWT")),
    "logout token": Row("type_refused", header(typ="logout+jwt")),
    "proof of possession": Row("type_refused", header(typ="dpop+jwt")),
    "not the issuers type": Row(
        "type_refused", lambda i, user: i.strict.token(user, header={"typ": "JWT"})
    ),
    "no type for a strict issuer": Row(
        "type_refused", lambda i, user: i.strict.token(user, header={"typ": ABSENT})
    ),
}
