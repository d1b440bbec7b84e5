"""The page's own files, read once from the package: a request names one, and is never a path."""

from importlib.resources import files
from typing import Final, NamedTuple

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFile(NamedTuple):
    """A file's bytes and what they are."""

    body: bytes
    media_type: str


def static_files() -> dict[str, StaticFile]:
    """All of them, by name."""
    found = {}
    for entry in files("monitoring.live").joinpath("static").iterdir():
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in TYPES:
            found[entry.name] = StaticFile(entry.read_bytes(), TYPES[suffix])
    return found
