"""Configuration values as an error may repeat them: short, on one line, and never a secret."""

import re
from typing import Any

from monitoring.masking import mask_text

# Up to the last "@" of the word: people paste passwords with "/" and "@" in them, and hiding too much
# harms nobody.
_USER_INFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^/\s?#@:]*):\S*@", re.IGNORECASE)
_SECRET_NAMES = ("password", "passwd", "secret", "token", "key")
_SHOWN_LENGTH = 60


def has_password(address: str) -> bool:
    """True when the address carries a password between `//` and `@`."""
    return _USER_INFO.search(address) is not None


def shown(value: Any, key: str = "") -> str:
    """A configuration value as an error message may repeat it: masked, on one line, at most 60 characters."""
    if _is_secret(key):
        return "(hidden)"
    if isinstance(value, str):
        text = '"' + " ".join(mask_text(value).split()) + '"'
    elif isinstance(value, dict):
        return "a mapping"
    elif isinstance(value, list | tuple):
        return "a list"
    elif value is None:
        return "an empty value"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = mask_text(str(value))
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 2] + "…" + text[-1:]


def _is_secret(key: str) -> bool:
    last = key.rsplit(".", 1)[-1]
    return any(last == name or last.endswith(f"_{name}") for name in _SECRET_NAMES)
