"""Addresses as they may be shown: without accounts, passwords or tokens."""

import re
from typing import Final
from urllib.parse import urlsplit

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_LONGEST: Final = 200


def mask_url(url: str) -> str:
    """Show scheme, host, port and path of a URL; account, query and a path that holds `=` become `***`.

    Cameras take passwords in all three places, so what might be one is hidden rather than shown.
    """
    scheme, _, rest = url.partition("://")
    # A password may hold a bare "@" or "/", so everything up to the last "@" counts as the account.
    account, at, place = rest.rpartition("@")
    try:
        parts = urlsplit(f"{scheme}://{place}")
    except ValueError:
        return f"{scheme}://***"
    path = "/***" if "=" in parts.path or ("/" in account and not parts.path) else parts.path
    secret = "***@" if at else ""
    query = "?***" if parts.query or parts.fragment else ""
    return f"{scheme}://{secret}{parts.netloc}{path}{query}"


def mask_source(value: str) -> str:
    """Show a `source` value: a URL masked, anything else as it is, shortened."""
    return mask_text(value)[:_LONGEST]


def mask_text(text: str) -> str:
    """Mask every URL in a text, such as a library's error message."""
    return _URL.sub(lambda match: mask_url(match.group()), text)
