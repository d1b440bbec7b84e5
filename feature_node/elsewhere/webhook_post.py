"""One attempt to post, by httpx: TLS verified, no redirect followed, bounded in time and in bytes."""

import asyncio
import logging
import ssl
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, final

from feature_node.elsewhere.settings import WebhookSettings
from feature_node.errors import BadSettings

if TYPE_CHECKING:
    import httpx

MAX_PAUSE: Final = 300.0
"""Seconds that a receiver may ask us to wait."""
_READ_BYTES: Final = 64 * 1024
_AGAIN: Final = frozenset({408, 425, 429})

Verdict = Literal["delivered", "again", "never"]


class Posted(NamedTuple):
    """How an attempt went.

    Attributes:
        verdict: `again` where a later attempt may succeed, `never` where it would not.
        reason: A short, fixed word for logs and metric labels; empty where it was delivered.
        pause: Seconds that the receiver asks us to wait.
    """

    verdict: Verdict
    reason: str = ""
    pause: float = 0.0


class Poster(Protocol):
    """Sends requests to one place."""

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Make one attempt; takes a bounded time and raises nothing that a network can cause."""
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...


@final
class HttpPoster:
    """A `Poster` over HTTP."""

    def __init__(self, settings: WebhookSettings) -> None:
        """Prepare for one place; nothing is sent yet.

        Raises:
            BadSettings: httpx is not installed, or the certificates cannot be read.
        """
        self._url = settings.url
        self._seconds = settings.timeout
        self._client = _client(settings)

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Posted:
        """See `Poster`."""
        import httpx  # noqa: PLC0415 - see _client

        try:
            async with (
                asyncio.timeout(self._seconds),  # httpx limits each step, not the whole
                self._client.stream("POST", self._url, content=body, headers=dict(headers)) as response,
            ):
                posted = _judged(response)
                await _drain(response)
        except (TimeoutError, httpx.TimeoutException):
            return Posted("again", "timeout")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Posted("again", "tls" if _is_about_tls(error) else "unreachable")
        return posted

    async def close(self) -> None:
        """See `Poster`."""
        await self._client.aclose()


def _client(settings: WebhookSettings) -> "httpx.AsyncClient":
    try:
        import httpx  # noqa: PLC0415 - only who has a webhook needs it
    except ImportError:
        raise BadSettings(
            "edge.webhook: needs httpx, which is not installed. Run: pip install 'penumbra[edge]'"
        ) from None
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log the whole address
    try:
        trusted = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    except OSError as error:  # an SSLError is one
        raise BadSettings(
            f"edge.webhook.ca_file: {settings.ca_file} holds no certificates: "
            f"{error.strerror or 'not PEM'}. Name a file of them."
        ) from error
    return httpx.AsyncClient(
        verify=trusted,
        timeout=settings.timeout,
        follow_redirects=False,
        trust_env=False,  # an answer goes where the file says, not by a proxy that the environment names
        limits=httpx.Limits(max_connections=1),
    )


def _judged(response: "httpx.Response") -> Posted:
    status = response.status_code
    if response.is_success:
        return Posted("delivered")
    if status in _AGAIN or status >= 500:
        return Posted("again", "busy" if status in _AGAIN else "server-error", _pause(response))
    return Posted("never", "redirected" if response.is_redirect else "rejected")


def _pause(response: "httpx.Response") -> float:
    """What Retry-After asks for, in seconds or as a date (RFC 9110, section 10.2.3); 0 where it does not."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - rarely needed

    asked = response.headers.get("retry-after", "").strip()[:64]
    if asked.isascii() and asked.isdigit():
        return min(float(asked), MAX_PAUSE)
    try:
        return min(max(0.0, parsedate_to_datetime(asked).timestamp() - time.time()), MAX_PAUSE)
    except (ValueError, OverflowError):
        return 0.0


async def _drain(response: "httpx.Response") -> None:
    """Read a short answer, so that the connection can be used again; leave a long one."""
    read = 0
    async for chunk in response.aiter_raw():
        read += len(chunk)
        if read > _READ_BYTES:
            return


def _is_about_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
