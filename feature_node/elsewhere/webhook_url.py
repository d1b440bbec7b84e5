"""Where a webhook may be: https anywhere, plain http only where nobody else is on the line."""

import ipaddress
from typing import Final
from urllib.parse import SplitResult, urlsplit

_EXAMPLE: Final = "Write https://HOST/PATH."
_MAX_LENGTH: Final = 2048


def check_webhook_url(url: str, *, allow_http: bool) -> None:
    """Accept a URL that answers may be sent to.

    Raises:
        ValueError: It is none, holds an account, or sends answers in clear text over a network; the text
            completes "edge.webhook.url …" and quotes nothing of it but the host.
    """
    parts = _split(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"is not the address of a webhook. {_EXAMPLE}")
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds an account. Take it out, and write token_file: PATH next to the address.")
    if parts.scheme == "http" and not allow_http and not _near(parts.hostname or ""):
        raise ValueError(
            f"is plain http to {parts.hostname}: answers could be read on the way. Write https://, the "
            "number of a private address, or allow_http: true."
        )


def webhook_place(url: str) -> str:
    """The part of the address that may be shown: a path or a query can hold a secret."""
    parts = _split(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and len(url) <= _MAX_LENGTH
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or not url.isascii() or " " in url:
        raise ValueError(f"is not the address of a webhook. {_EXAMPLE}")
    return parts


def _near(host: str) -> bool:
    """Whether a host is this one or on a private network, by its address; a name could mean any."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (address.is_private and not address.is_unspecified)
