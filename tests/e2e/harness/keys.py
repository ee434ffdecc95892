"""Keys of issuers: they sign, and say their public half as an issuer publishes it."""

import datetime
import hmac
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import NameOID

from .base64url import base64url
from .secrecy import secret

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


class Secret:
    """Shared with the issuer."""

    algorithm = "HS256"

    def __init__(self, text: str | None = None):
        # As long as the longest hash: good for each of HS256, HS384, HS512.
        self.text = secret(secrets.token_hex(32)) if text is None else text

    def sign(self, data: bytes, algorithm: str) -> bytes:
        return hmac.digest(self.text.encode(), data, f"sha{algorithm[2:]}")

    def jwk(self) -> dict:
        return {"kty": "oct", "k": secret(base64url(self.text.encode()))}


class _Pair:
    """A private key, and its public half in PEM."""

    def pem(self) -> str:
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, public).decode()

    def certificate(self) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
        now = datetime.datetime.now(datetime.UTC)
        made = (
            x509.CertificateBuilder(name, name, self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()


class Rsa(_Pair):
    algorithm = "RS256"

    def __init__(self):
        self._key = rsa.generate_private_key(65537, 2048)

    def sign(self, data: bytes, algorithm: str) -> bytes:
        digest = HASHES[algorithm[2:]]
        if algorithm.startswith("RS"):
            return self._key.sign(data, padding.PKCS1v15(), digest)
        pss = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
        return self._key.sign(data, pss, digest)

    def jwk(self) -> dict:
        numbers = self._key.public_key().public_numbers()
        return {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}


class Ec(_Pair):
    def __init__(self, bits: int = 256):
        self.algorithm = f"ES{bits}"
        self._bits = bits
        self._key = ec.generate_private_key({256: ec.SECP256R1(), 384: ec.SECP384R1()}[bits])

    def sign(self, data: bytes, algorithm: str) -> bytes:
        r, s = utils.decode_dss_signature(self.sign_der(data, algorithm))
        return r.to_bytes(self._bits // 8) + s.to_bytes(self._bits // 8)

    def sign_der(self, data: bytes, algorithm: str) -> bytes:
        """What TLS takes, and a JWS must not."""
        return self._key.sign(data, ec.ECDSA(HASHES[algorithm[2:]]))

    def jwk(self) -> dict:
        point = self._key.public_key().public_numbers()
        x, y = (base64url(n.to_bytes(self._bits // 8)) for n in (point.x, point.y))
        return {"kty": "EC", "crv": f"P-{self._bits}", "x": x, "y": y}


class Ed25519(_Pair):
    algorithm = "EdDSA"

    def __init__(self):
        self._key = ed25519.Ed25519PrivateKey.generate()

    def sign(self, data: bytes, algorithm: str) -> bytes:
        return self._key.sign(data)

    def jwk(self) -> dict:
        x = self._key.public_key().public_bytes_raw()
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(x)}


def _integer(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))
