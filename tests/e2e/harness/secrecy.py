"""Every secret that a test used, and every folder that logs went to."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SECRETS: set[str] = set()
LOG_FOLDERS: set[Path] = set()


def secret(value: str) -> str:
    SECRETS.add(value)
    return value


def secret_token(token: str) -> str:
    """A token, and each part of it that is worth something alone."""
    _, *worth = token.split(".")
    # Very short parts, of broken tokens, are found anywhere by chance.
    SECRETS.update(part for part in (token, *worth) if len(part) > 10)
    return token


def secret_url(url: str) -> str:
    """An address with an upload MAC in its query, or a token in its path: /upload/t/<token>/…"""
    path = urlsplit(url).path
    if path.startswith("/upload/t/"):
        SECRETS.add(path.split("/")[3])
        return url
    # Without any, it is ejabberd's own, which looks the slot up.
    for (mac,) in parse_qs(urlsplit(url).query).values():
        SECRETS.add(mac)
    return url


def log_files() -> list[Path]:
    return [f for folder in LOG_FOLDERS for f in folder.rglob("*") if f.is_file()]


def occurrences(values: set[str]) -> list[str]:
    """Where one of them is in a log, without repeating a secret."""
    return [
        f"{file}:{number} holds a value that begins with {value[:6]}"
        for file in log_files()
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        for value in values
        if value in line
    ]
