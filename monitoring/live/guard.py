"""Lets in who may see the page: the right host, the right origin, the right token; pure."""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final, NamedTuple, final
from urllib.parse import parse_qs, urlsplit

MOST_FORM: Final = 4096
COOKIE_SECONDS: Final = 30 * 24 * 3600


class Refusal(NamedTuple):
    """Why a request is not answered: the metric's label, the status, and what to do about it."""

    reason: str
    status: int
    text: str


WRONG_HOST: Final = Refusal(
    "host", 421, "This page is served to this machine alone. Open it as http://127.0.0.1 with its port.\n"
)
WRONG_ORIGIN: Final = Refusal("origin", 403, "Another site's page may not ask for this one.\n")
NO_TOKEN: Final = Refusal("token", 401, "The token is missing or wrong.\n")


@final
class Guard:
    """Checks requests by their headers alone.

    With a token the browser shows it once, and from then on a cookie that is made from it: the cookie stays
    good when the edge is started again, and whoever reads it does not learn the token.

    Args:
        token: Who knows it may watch; empty lets in whoever reaches the page, which must be loopback then.
        host: The address it is served on.
        port: Tells the cookies of two pages on one host apart.
    """

    def __init__(self, token: str, host: str, port: int) -> None:
        self._token = token.encode()
        self._hosts = {"localhost", "127.0.0.1", "::1", host}
        self._value = hmac.digest(self._token, b"penumbra live page", hashlib.sha256).hex() if token else ""
        self.cookie_name = f"penumbra_live_{port}"

    @property
    def wants_token(self) -> bool:
        """Whether a token is asked for."""
        return bool(self._token)

    def refusal(self, headers: Mapping[str, str]) -> Refusal | None:
        """Why this request is refused whoever asks; None where it is not."""
        if not self.wants_token and host_name(headers.get("host", "")) not in self._hosts:
            # A name that an attacker made point at this machine (DNS rebinding).
            return WRONG_HOST
        foreign = headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
        if foreign and headers.get("sec-fetch-mode") != "navigate":
            return WRONG_ORIGIN
        return None

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether the browser has shown the token before; always where none is wanted."""
        if not self.wants_token:
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self.cookie_name)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._value.encode())

    def accepts(self, token: str) -> bool:
        """Whether this is the token; takes the same time whatever is wrong with it."""
        shown = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        return self.wants_token and hmac.compare_digest(shown, hashlib.sha256(self._token).digest())

    @property
    def cookie(self) -> str:
        """The `Set-Cookie` header for a browser that has shown the token."""
        return (
            f"{self.cookie_name}={self._value}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict"
        )


def token_of_form(body: bytes) -> str:
    """The field `token` of a form or a query; empty where there is none."""
    try:
        fields = parse_qs(body[:MOST_FORM].decode("ascii"), max_num_fields=8)
    except (UnicodeDecodeError, ValueError):
        return ""
    return fields.get("token", [""])[-1].strip()


def host_name(host: str) -> str:
    """The name in a `Host` header, without its port; empty where it is none.

    >>> host_name("LocalHost:8800"), host_name("[::1]:8800"), host_name("a@b")
    ('localhost', '::1', '')
    """
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname or ""
    except ValueError:
        return ""
    if "@" in host or parts.path or parts.query:
        return ""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.rstrip(".")
