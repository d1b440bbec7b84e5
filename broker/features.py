"""`Features`: what crosses to the cloud, as an analyzer reads it.

Only the release gate can make the sealed form that may be sent (`broker.gate`).
"""

import math
from typing import Final, Literal

import msgspec

from broker.bounds import MAX_FEATURES_BYTES, MAX_JPEG_BYTES, MAX_LABEL, MAX_REGION_BYTES, MAX_REGIONS
from broker.codec import binary_codec
from broker.identity import is_stream
from broker.trace_context import UNTRACED, check_traceparent

SCHEMA: Final = 1

FeaturesKind = Literal["embedding", "picture"]


class Protection(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What was done to the numbers before they left.

    Attributes:
        mechanism: The steps in order, for example `clip+int8` or `shade-mosaic`.
        epsilon_per_coordinate: Privacy loss of one number, where the mechanism is differentially private.
        epsilon_joint: Privacy loss of the whole message, where it is; 0 where it says nothing new.
        delta: Probability with which `epsilon_joint` may not hold; None where it always does.
    """

    mechanism: str = "none"
    epsilon_per_coordinate: float | None = None
    epsilon_joint: float | None = None
    delta: float | None = None

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        if not 0 < len(self.mechanism) <= MAX_LABEL:
            raise ValueError("mechanism is empty or too long")
        one, joint = self.epsilon_per_coordinate, self.epsilon_joint
        if one is not None and not (math.isfinite(one) and one > 0):
            raise ValueError("epsilon_per_coordinate is not a positive number")
        if joint is not None and not (math.isfinite(joint) and joint >= 0):
            raise ValueError("epsilon_joint is not a number of at least 0")
        if self.delta is not None and not 0 <= self.delta <= 1:
            raise ValueError("delta is not a probability")


class Features(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The sanitized numbers of one frame.

    Attributes:
        stream: The camera's pseudonym.
        run: As in the frame.
        sequence: As in the frame.
        captured_ns: As in the frame, Unix time in nanoseconds.
        sent_ns: When the edge sealed this, Unix time in nanoseconds by the edge's clock.
        bundle: 16 hex digits: which extractor made the numbers, so which analyzer reads them.
        kind: `embedding`: one array a region, all of one length; `picture`: one censored JPEG.
        regions: The payloads; none where the frame shows no region.
        protection: What was done to them.
        traceparent: The trace that an analyzer may go on with, where the site lets it; random, says nothing.
    """

    stream: str
    run: int
    sequence: int
    captured_ns: int
    sent_ns: int
    bundle: str
    kind: FeaturesKind
    regions: tuple[bytes, ...]
    protection: Protection
    traceparent: str = UNTRACED

    def __post_init__(self) -> None:
        """Refuse values out of bounds, so that no `Features` with one exists."""
        check_origin(self.stream, self.run, self.sequence, self.captured_ns, self.sent_ns)
        check_bundle_id(self.bundle)
        check_traceparent(self.traceparent)
        if self.kind == "picture":
            fits = len(self.regions) == 1 and 0 < len(self.regions[0]) <= MAX_JPEG_BYTES
        else:
            lengths = {len(region) for region in self.regions}
            fits = len(self.regions) <= MAX_REGIONS and len(lengths) <= 1
            fits = fits and all(0 < length <= MAX_REGION_BYTES for length in lengths)
        if not fits:
            raise ValueError("number or length of the regions is out of range")


def check_origin(stream: str, run: int, sequence: int, captured_ns: int, sent_ns: int) -> None:
    """Raise `ValueError` unless these can be the origin of a features or result message."""
    if not is_stream(stream):
        raise ValueError("stream is not a pseudonym")
    in_range = all(0 <= number < 2**63 for number in (run, sequence, captured_ns, sent_ns))
    if not in_range:
        raise ValueError("run, sequence or a time is out of range")


def check_bundle_id(bundle: str) -> None:
    """Raise `ValueError` unless `bundle` is 16 lower-case hex digits."""
    if len(bundle) != 16 or not set(bundle) <= set("0123456789abcdef"):
        raise ValueError("bundle is not an id of 16 hex digits")


encode_features, decode_features = binary_codec(
    Features, kind="E", version=SCHEMA, max_bytes=MAX_FEATURES_BYTES, added="traceparent"
)
