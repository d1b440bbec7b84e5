"""`Answer`: what became of a frame, brought home; JSON, for people and home automation. Private side only."""

from typing import Final, Literal

import msgspec

from broker.bounds import MAX_DETAIL, MAX_JSON_BYTES, MAX_LABEL, MAX_REGIONS
from broker.codec import json_codec
from broker.features import Protection
from broker.identity import is_name
from broker.trace_context import UNTRACED, check_traceparent

SCHEMA: Final = 1


class AnswerRegion(msgspec.Struct, frozen=True):
    """One region of the picture and its answer; `box` is (x, y, width, height) in pixels of the frame."""

    box: tuple[int, int, int, int]
    label: str
    score: float


class Hops(msgspec.Struct, frozen=True):
    """Where a frame's time went, in seconds; each measured on one clock but the first.

    Attributes:
        camera_to_edge: From capture to the edge's receipt; crosses two clocks where those are two hosts.
        edge_queue: Waiting at the edge.
        edge_compute: Decoding, detection, extraction, protection.
        cloud_round_trip: From the edge's sending to the result's return.
        analyzer: The part of the round trip that the analyzer held it.
    """

    camera_to_edge: float = 0.0
    edge_queue: float = 0.0
    edge_compute: float = 0.0
    cloud_round_trip: float = 0.0
    analyzer: float = 0.0


class ProtectionSummary(msgspec.Struct, frozen=True):
    """`Protection` as JSON shows it."""

    mechanism: str = "none"
    epsilon_per_coordinate: float | None = None
    epsilon_joint: float | None = None
    delta: float | None = None

    @staticmethod
    def of(protection: Protection) -> "ProtectionSummary":
        """Copy the fields."""
        return ProtectionSummary(
            protection.mechanism,
            protection.epsilon_per_coordinate,
            protection.epsilon_joint,
            protection.delta,
        )


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one frame: every frame that the edge takes gets exactly one.

    Attributes:
        camera: The camera's name.
        run: As in the frame, as are `sequence` and `captured_ns`.
        sequence: As in the frame.
        captured_ns: As in the frame.
        answered_ns: When the edge published this, by its clock.
        outcome: `answered`, or `refused` where something was held back.
        reason: Why it was refused; empty where it was answered.
        task: The question that the bundle answers.
        bundle: The bundle's id.
        regions: The answers; none where the frame shows no region.
        bytes_private: Length of the frame's message on the private side.
        bytes_cloud: Length of the features' message that crossed; 0 where nothing did.
        bytes_as_jpeg: Length of the frame's JPEG: what would have crossed without the edge.
        hops: Where the time went.
        age_seconds: From capture to this answer.
        protection: What was done to the numbers that crossed.
        traceparent: The trace of the frame, where it is of one: who acts on the answer may go on with it.
        schema: The schema version.
    """

    camera: str
    run: int
    sequence: int
    captured_ns: int
    answered_ns: int
    outcome: Literal["answered", "refused"]
    reason: str = ""
    task: str = ""
    bundle: str = ""
    regions: tuple[AnswerRegion, ...] = ()
    bytes_private: int = 0
    bytes_cloud: int = 0
    bytes_as_jpeg: int = 0
    hops: Hops = Hops()
    age_seconds: float = 0.0
    protection: ProtectionSummary = ProtectionSummary()
    traceparent: str = UNTRACED
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        if not is_name(self.camera):
            raise ValueError("camera is not a name")
        if len(self.regions) > MAX_REGIONS or len(self.reason) > MAX_LABEL or len(self.task) > MAX_DETAIL:
            raise ValueError("regions, reason or task is too long")
        if self.run < 0 or self.sequence < 0 or min(self.bytes_private, self.bytes_cloud) < 0:
            raise ValueError("a count is negative")
        check_traceparent(self.traceparent)


encode_answer, decode_answer = json_codec(Answer, version=SCHEMA, max_bytes=MAX_JSON_BYTES)
