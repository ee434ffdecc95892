"""Whose token it is: by its claim not this user's, or nobody's."""

from harness.issuers import OTHER_VHOST
from harness.jws import ABSENT

from .row import Row, claims

USER = {
    "no sub": Row("user_claim_missing", claims(sub=ABSENT)),
    "no name below chat": Row("user_claim_missing", claims("strict", chat={})),
    "sub is not the users claim": Row(
        "user_claim_missing", lambda i, user: i.strict.token(user, sub=user, chat=ABSENT)
    ),
    "sub is a number": Row("user_claim_missing", claims(sub=17), user="17"),
    "sub is empty": Row("user_claim_malformed", claims(sub="")),
    "sub with a space": Row("user_claim_malformed", claims(sub="ali ce")),
    "sub with two ats": Row("user_claim_malformed", claims(sub="alice@localhost@localhost")),
    "sub of another": Row("user_mismatch", claims(sub="mallory")),
    "sub is longer": Row("user_mismatch", lambda i, user: i.secret.token(user + "x")),
    "sub is a jid of another": Row("user_mismatch", claims(sub="mallory@localhost")),
    "sub of another vhost": Row(
        "vhost_mismatch", lambda i, user: i.secret.token(f"{user}@{OTHER_VHOST}")
    ),
    "only a name from a shared issuer": Row(
        "full_jid_required", lambda i, user: i.shared.token(user)
    ),
    "other vhost of a shared issuer": Row(
        "vhost_mismatch", lambda i, user: i.shared.token(f"{user}@{OTHER_VHOST}")
    ),
    "Kelvin sign": Row("user_claim_folds", claims(sub="\u212aelvin"), user="kelvin"),
    "sharp s": Row("user_claim_folds", claims(sub="stra\u00dfe"), user="strasse"),
    "full width": Row("user_claim_folds", claims(sub="\uff41dele"), user="adele"),
    "soft hyphen": Row("user_claim_folds", claims(sub="vic\u00adtor"), user="victor"),
    "admin": Row("localpart_denied", lambda i, user: i.rsa.token(user), user="admin"),
    "root": Row("localpart_denied", lambda i, user: i.rsa.token(user), user="root"),
    "Administrator": Row(
        "localpart_denied", lambda i, user: i.rsa.token("Administrator"), user="administrator"
    ),
    "denied by pattern": Row(
        "localpart_denied", lambda i, user: i.strict.token(user), user="root-cause"
    ),
    "only partly allowed": Row(
        "localpart_denied", lambda i, user: i.strict.token(user), user="bob-7"
    ),
}
