"""What is no token."""

from harness.secrecy import secret, secret_token

from .row import Row


def with_parts(count: int):
    def build(issuers, user):
        parts = issuers.secret.token(user).split(".")
        return secret_token(".".join((parts * 2)[:count]))

    return build


FORM = {
    "words": Row("token_malformed", lambda i, user: secret("no token at all")),
    "one part": Row("token_malformed", lambda i, user: "eyJhbGciOiJIUzI1NiJ9"),
    "two parts": Row("token_malformed", with_parts(2)),
    "four parts": Row("token_malformed", with_parts(4)),
    "five parts": Row("token_encrypted", with_parts(5)),
    "six parts": Row("token_malformed", with_parts(6)),
    "dots": Row("token_malformed", lambda i, user: "." * 200),
    "above token_max_bytes": Row(
        "token_too_large", lambda i, user: i.secret.token(user, filler="x" * 8192)
    ),
}
