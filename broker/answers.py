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
    """One region of the picture and its answer.

    Attributes:
        box: Left, top, width and height in pixels of the frame.
        label: The answer, one of the bundle's labels.
        score: How sure it is, from 0 to 1.
    """

    box: tuple[int, int, int, int]
    label: str
    score: float


class Hops(msgspec.Struct, frozen=True):
    """Where a frame's time went, in seconds; each measured on one clock but the first.

    Attributes:
        camera_to_edge: Seconds from capture to the edge's receipt; crosses two clocks where those are two
            hosts.
        edge_queue: Seconds of waiting at the edge.
        edge_compute: Seconds of decoding, detection, extraction and protection.
        cloud_round_trip: Seconds from the edge's sending to the result's return.
        analyzer: The seconds of the round trip that the analyzer held it.
    """

    camera_to_edge: float = 0.0
    edge_queue: float = 0.0
    edge_compute: float = 0.0
    cloud_round_trip: float = 0.0
    analyzer: float = 0.0


class ProtectionSummary(msgspec.Struct, frozen=True):
    """What was done to the numbers that crossed, and the privacy loss that is proven of it.

    Attributes:
        mechanism: The steps by name, joined by `+`; `none` where nothing crossed.
        epsilon_per_coordinate: Privacy loss of each number by itself; null where nothing is proven.
        epsilon_joint: Privacy loss of all numbers together; null where nothing is proven.
        delta: Probability with which epsilon_joint may not hold; null where it is not Gaussian noise.
    """

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
        run: A random number that tells one start of the source from every other, below 2^53.
        sequence: The picture's number in its run, from 0.
        captured_ns: When the picture was captured, by the camera's clock; Unix time in nanoseconds.
        answered_ns: When the edge published this, by its clock; Unix time in nanoseconds.
        outcome: `answered`, or `refused` where something was held back.
        reason: Why it was refused; empty where it was answered.
        task: The question that the bundle answers.
        bundle: The bundle's id.
        regions: The answers; none where the frame shows no region.
        bytes_private: Bytes of the frame's message on the private side.
        bytes_cloud: Bytes of the features' message that crossed; 0 where nothing did.
        bytes_as_jpeg: Bytes of the frame's JPEG: what would have crossed without the edge.
        hops: Where the time went.
        age_seconds: Seconds from capture to this answer.
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
