"""A bucket, looked into past the sidecar: by curl, which signs as AWS does."""

import os
import subprocess
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from .secrecy import secret

XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass
class Bucket:
    endpoint: str
    region: str
    name: str
    key_id: str
    key: str
    # With the slash at its end, or empty.
    prefix: str = ""

    @classmethod
    def of_environment(cls, prefix: str) -> "Bucket":
        """The one of scripts/run-garage."""
        names = ["ENDPOINT", "REGION", "BUCKET", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"]
        values = [os.environ[f"TEST_S3_{name}"] for name in names]
        secret(values[-1])
        return cls(*values, prefix)

    def section(self) -> str:
        """The [store] of a sidecar that keeps its files here."""
        return f"""\
[store]
kind = "s3"
bucket = "{self.name}"
region = "{self.region}"
endpoint = "{self.endpoint}"
prefix = "{self.prefix}"
path_style = true
access_key_id = "{self.key_id}"
secret_access_key = "{self.key}"
"""

    def names(self, below: str = "") -> list[str]:
        """Of all objects below this, without the prefix."""
        found, more = [], {}
        while True:
            query = {"list-type": "2", "prefix": self.prefix + below} | more
            page = ElementTree.fromstring(self._ask("", query))
            found += [key.text for key in page.iterfind(f"{XML}Contents/{XML}Key")]
            if page.findtext(f"{XML}IsTruncated") != "true":
                return [name.removeprefix(self.prefix) for name in found]
            more = {"continuation-token": page.findtext(f"{XML}NextContinuationToken")}

    def unfinished(self) -> list[str]:
        """Uploads in parts that were neither put together nor given up."""
        page = ElementTree.fromstring(self._ask("", {"prefix": self.prefix, "uploads": ""}))
        return [key.text for key in page.iterfind(f"{XML}Upload/{XML}Key")]

    def read(self, name: str) -> bytes:
        return self._ask(self.prefix + name, {})

    def _ask(self, name: str, query: dict[str, str]) -> bytes:
        # Signed is what is sent: the query in its order, each name and value escaped.
        target = quote(name) + "?" * bool(query) + urlencode(sorted(query.items()), quote_via=quote)
        # The key is on no command line.
        config = (
            f'user = "{self.key_id}:{self.key}"\nurl = "{self.endpoint}/{self.name}/{target}"\n'
        )
        return subprocess.run(
            ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--config", "-"]
            + ["--aws-sigv4", f"aws:amz:{self.region}:s3"]
            + ["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"],
            input=config.encode(),
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
        ).stdout
