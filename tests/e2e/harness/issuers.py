"""Issuers of every kind, and an installation whose users come from all of them."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import jws
from .keys import Ec, Ed25519, Rsa, Secret

# The sidecar serves it, too; ejabberd does not.
OTHER_VHOST = "elsewhere.example"


@dataclass
class Issuer:
    """`settings` are further lines of its section, as TOML."""

    name: str
    key: object
    settings: str
    key_id: str | None = None
    algorithm: str | None = None
    user_claim: Callable[[str], dict] = lambda user: {"sub": user}
    extra_claims: dict = field(default_factory=dict)
    header: dict = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://{self.name}.example"

    def claims(self, user: str, **changes) -> dict:
        """Those of a good token, and what is to be different."""
        now = int(time.time())
        good = {"iss": self.url, "iat": now - 30, "exp": now + 600}
        return good | self.user_claim(user) | self.extra_claims | changes

    def token(self, user: str, header=None, algorithm=None, key=None, **changes) -> str:
        """A good token, but for what is given."""
        members = self.header | ({"kid": self.key_id} if self.key_id else {}) | (header or {})
        signer = key or self.key
        algorithm = algorithm or (signer.algorithm if key else self.algorithm)
        return jws.token(signer, members, self.claims(user, **changes), algorithm)

    def section(self, vhost: str = "localhost") -> str:
        head = f'[[hosts."{vhost}".issuers]]\nissuer = {quote(self.url)}'
        return f"{head}\n{self.settings}\n"


class Issuers:
    """Key files are in `folder`."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self._folder = folder
        old, new = Secret(), Secret()
        self.retired_secret = old

        # Shared secrets.
        self.secret = Issuer(
            "secret",
            new,
            f'audience = ["xmpp", "chat"]\nsecret_file = {self._write("two", new.text, old.text)}',
            extra_claims={"aud": "xmpp"},
        )
        key = Secret()
        jwk = json.dumps(key.jwk() | {"alg": "HS512", "kid": "hs512"})
        self.jwk = Issuer("jwk", key, f"jwk_file = {self._write('jwk', jwk)}", "hs512", "HS512")

        # Key pairs.
        key = Rsa()
        self.rsa = Issuer("rsa", key, f"pem_file = {self._write('rsa', key.pem())}")
        key = Rsa()
        certificate = self._write("certificate", key.certificate())
        self.certificate = Issuer("certificate", key, f"pem_file = {certificate}")
        key = Rsa()
        pem = self._write("strong", key.pem())
        algorithms = 'algorithms = ["PS256", "RS512"]'
        self.strong = Issuer("strong", key, f"pem_file = {pem}\n{algorithms}", algorithm="PS256")
        rsa, ec = Rsa(), Ec()
        pem = self._write("both", rsa.pem(), ec.pem())
        self.both = Issuer("both", rsa, f"pem_file = {pem}")
        self.second_of_both = ec

        # Key sets.
        self.set_keys = {"es256": Ec(256), "es384": Ec(384), "ed25519": Ed25519()}
        keys = [key.jwk() | {"kid": kid, "use": "sig"} for kid, key in self.set_keys.items()]
        broken = {"kty": "EC", "crv": "P-256", "kid": "broken", "x": "AA", "y": "AA"}
        jwks = self._write("set", key_set(broken, *keys))
        self.set = Issuer("set", self.set_keys["es256"], f"jwks_file = {jwks}", "es256")
        key = Rsa()
        jwks = self._write("rotating", key_set(key.jwk() | {"kid": "first"}))
        self.rotating = Issuer("rotating", key, f"jwks_file = {jwks}", "first")

        # What an issuer can be asked for further.
        key = Secret()
        self.strict = Issuer(
            "strict",
            key,
            f"""\
secret_file = {self._write("strict", key.text)}
typ = "at+jwt"
user_claim = "/chat/name"
required_claims = {{ tenant = "acme", verified = true }}
localparts = "[a-z-]+"
deny_localparts = ["root-.*"]
max_lifetime = "30m"
""",
            user_claim=lambda user: {"sub": "7f3a", "chat": {"name": user}},
            extra_claims={"tenant": "acme", "verified": True},
            header={"typ": "at+jwt"},
        )
        key = Secret()
        prompt = self._write("prompt", key.text)
        self.prompt = Issuer("prompt", key, f'secret_file = {prompt}\nleeway = "0s"')

        # Of two vhosts, without an audience for each.
        key = Secret()
        shared = self._write("shared", key.text)
        self.shared = Issuer("shared", key, f"secret_file = {shared}")

    def sections(self) -> str:
        ours = [i.section() for i in vars(self).values() if isinstance(i, Issuer)]
        return "\n".join([*ours, self.shared.section(OTHER_VHOST)])

    def rotate(self, *keys: dict) -> None:
        """Publishes other keys for the issuer `rotating`, as one does: in one step."""
        new = self._folder / "rotating.new"
        new.write_text(key_set(*keys))
        os.replace(new, self._folder / "rotating")

    def _write(self, name: str, *lines: str) -> str:
        """The path, as TOML."""
        file = self._folder / name
        file.touch(0o600)
        file.write_text("\n".join(lines) + "\n")
        return quote(str(file))


def key_set(*keys: dict) -> str:
    return json.dumps({"keys": keys})


def quote(text: str) -> str:
    """As TOML writes it, which for our texts is as JSON does."""
    return json.dumps(text)
