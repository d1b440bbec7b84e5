"""`Result`: an analyzer's answer on its way home, under the stream's pseudonym."""

import math
from typing import Final

import msgspec

from broker.bounds import MAX_LABEL, MAX_REGIONS, MAX_RESULT_BYTES
from broker.codec import binary_codec
from broker.features import check_bundle_id, check_origin
from broker.trace_context import UNTRACED, check_traceparent

SCHEMA: Final = 1


class RegionAnswer(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The answer for one region: a label and how sure the network is of it (0 to 1)."""

    label: str
    score: float

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        if not 0 < len(self.label) <= MAX_LABEL:
            raise ValueError("label is empty or too long")
        if not (math.isfinite(self.score) and 0 <= self.score <= 1):
            raise ValueError("score is not between 0 and 1")


class Result(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The answer to one `Features`.

    Attributes:
        stream: Echoed, as are `run`, `sequence`, `captured_ns`, `sent_ns` and `bundle`.
        run: Echoed.
        sequence: Echoed.
        captured_ns: Echoed, by the camera's clock.
        sent_ns: Echoed, by the edge's clock.
        bundle: Echoed.
        regions: One answer a region, in the order of the features.
        cached: How many of them came from the cache.
        received_ns: When the analyzer received the features, by its clock.
        answered_ns: When it answered, by its clock.
        refused: Why there is no answer; empty where there is one.
        traceparent: The analyzer's part of the trace that the features named, where they did.
    """

    stream: str
    run: int
    sequence: int
    captured_ns: int
    sent_ns: int
    bundle: str
    regions: tuple[RegionAnswer, ...]
    cached: int
    received_ns: int
    answered_ns: int
    refused: str = ""
    traceparent: str = UNTRACED

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        check_origin(self.stream, self.run, self.sequence, self.captured_ns, self.sent_ns)
        check_bundle_id(self.bundle)
        check_traceparent(self.traceparent)
        if len(self.regions) > MAX_REGIONS or not 0 <= self.cached <= len(self.regions):
            raise ValueError("number of regions is out of range")
        if not (0 < self.received_ns < 2**63 and 0 < self.answered_ns < 2**63):
            raise ValueError("a time is out of range")
        if len(self.refused) > MAX_LABEL or (self.refused and self.regions):
            raise ValueError("a refusal is one short word and no answers")


encode_result, decode_result = binary_codec(
    Result, kind="R", version=SCHEMA, max_bytes=MAX_RESULT_BYTES, added="traceparent"
)
