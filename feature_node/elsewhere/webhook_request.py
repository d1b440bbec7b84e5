"""What one answer looks like as an HTTP request: body, idempotency key, signature; pure."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, NamedTuple

from broker.answers import Answer, encode_answer

SIGNATURE: Final = "X-Penumbra-Signature"
TIMESTAMP: Final = "X-Penumbra-Timestamp"
IDEMPOTENCY: Final = "Idempotency-Key"


class Secrets(NamedTuple):
    """The token and the signature's key, where there are; never printed."""

    token: str = ""
    key: bytes = b""

    def __repr__(self) -> str:
        return "Secrets(***)"


class Request(NamedTuple):
    """One POST: the same body and key however often it is tried."""

    body: bytes
    key: str
    traceparent: str = ""


def request_of(answer: Answer) -> Request:
    """The request of an answer: its JSON as on the broker, and a key that no other answer has.

    A receiver that has dealt with a key drops what comes with it again.
    """
    key = f"{answer.camera}-{answer.run}-{answer.sequence}"
    return Request(encode_answer(answer), key, answer.traceparent)


def headers_of(request: Request, secrets: Secrets, version: str, now_seconds: int) -> Mapping[str, str]:
    """The headers of one attempt.

    The signature is HMAC-SHA256 over timestamp, dot and body, so that neither can be changed, and an old
    request is known by its age.
    """
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"penumbra/{version}",
        IDEMPOTENCY: request.key,
        TIMESTAMP: str(now_seconds),
    }
    if request.traceparent:
        headers["traceparent"] = request.traceparent
    if secrets.token:
        headers["Authorization"] = f"Bearer {secrets.token}"
    if secrets.key:
        signed = f"{now_seconds}.".encode() + request.body
        headers[SIGNATURE] = "sha256=" + hmac.new(secrets.key, signed, hashlib.sha256).hexdigest()
    return headers
