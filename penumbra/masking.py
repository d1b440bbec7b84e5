"""Nothing secret is ever shown: passwords inside addresses are replaced before text leaves the program."""

import re
from typing import Any

# Up to the last "@" of the word: people paste passwords with "/" and "@" in them, and hiding too much
# harms nobody.
_USER_INFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^/\s?#@:]*):\S*@", re.IGNORECASE)
_SECRET_QUERY = re.compile(
    r"(?P<key>[?&][^=&\s]*(?:pass|pwd|token|secret|key|auth)[^=&\s]*=)[^&\s]+", re.IGNORECASE
)
_SECRET_NAMES = ("password", "passwd", "secret", "token", "key")
_SHOWN_LENGTH = 60


def mask(text: str) -> str:
    """Text with each password inside an address replaced by stars.

    >>> mask("rtsp://user:hunter2@192.0.2.7/stream?token=abc")
    'rtsp://user:***@192.0.2.7/stream?token=***'
    """
    return _SECRET_QUERY.sub(r"\g<key>***", _USER_INFO.sub(r"\g<scheme>\g<user>:***@", text))


def has_password(address: str) -> bool:
    """True when the address carries a password between `//` and `@`."""
    return _USER_INFO.search(address) is not None


def shown(value: Any, key: str = "") -> str:
    """A configuration value as an error message may repeat it: masked, on one line, at most 60 characters."""
    if _is_secret(key):
        return "(hidden)"
    if isinstance(value, str):
        text = '"' + " ".join(mask(value).split()) + '"'
    elif isinstance(value, dict):
        return "a mapping"
    elif isinstance(value, list | tuple):
        return "a list"
    elif value is None:
        return "an empty value"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = mask(str(value))
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 2] + "…" + text[-1:]


def _is_secret(key: str) -> bool:
    last = key.rsplit(".", 1)[-1]
    return any(last == name or last.endswith(f"_{name}") for name in _SECRET_NAMES)
