"""Names on the wire: what may stand in a topic, and the pseudonym under which the cloud knows a camera."""

import base64
import hashlib
import re
import secrets
from typing import Final

from broker.errors import BadName

NAME_PATTERN: Final = r"[a-z0-9][a-z0-9_-]{0,62}"
STREAM_PATTERN: Final = r"[a-z2-7]{20}"
PSEUDONYM_KEY_BYTES: Final = 32

_NAME = re.compile(NAME_PATTERN)
_STREAM = re.compile(STREAM_PATTERN)


def check_name(kind: str, value: str) -> str:
    """Return `value` if it may stand in a topic as the name of a `kind` ("camera", "node", …).

    Raises:
        BadName: It is empty, too long, or holds a character that a topic or an ACL could misread.
    """
    if not _NAME.fullmatch(value):
        raise BadName(
            f'"{value[:80]}" is no {kind} name. Use 1 to 63 lower-case letters, digits, "-" or "_", '
            "starting with a letter or digit, for example front-door."
        )
    return value


def is_name(value: str) -> bool:
    """Say whether `value` may stand in a topic."""
    return _NAME.fullmatch(value) is not None


def is_stream(value: str) -> bool:
    """Say whether `value` has the form of a pseudonym made by `pseudonym`."""
    return _STREAM.fullmatch(value) is not None


def pseudonym(key: bytes, site: str, camera: str) -> str:
    """Name the stream of a camera so that only the holder of `key` can say which camera it is.

    A keyed BLAKE2b hash of site and camera, 100 bits in base32: without the key neither a dictionary
    of likely camera names nor two sites with equal names give anything away.

    Raises:
        BadName: The key has not exactly `PSEUDONYM_KEY_BYTES` bytes, so it was not made for this.
    """
    if len(key) != PSEUDONYM_KEY_BYTES:
        raise BadName(f"a pseudonym key has {PSEUDONYM_KEY_BYTES} bytes, this one has {len(key)}")
    message = len(site.encode()).to_bytes(4, "big") + site.encode() + camera.encode()
    digest = hashlib.blake2b(message, key=key, digest_size=13, person=b"penumbra-stream").digest()
    return base64.b32encode(digest).decode().lower()[:20]


def new_run() -> int:
    """Draw the number that tells one start of a source from every other (53 bits, exact in JSON)."""
    return secrets.randbits(53)
