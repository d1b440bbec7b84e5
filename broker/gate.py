"""The release gate: the one place where numbers become something that may leave the private side.

It does no I/O and cannot name a frame. `Sealed` has no public constructor: whoever holds one holds
something the gate has let through, and the cloud link sends nothing else.
"""

from typing import Final, NoReturn, final

import msgspec

from broker.bounds import MAX_FEATURES_BYTES, MAX_REGIONS
from broker.errors import Refused
from broker.features import Features, FeaturesKind, Protection, encode_features
from broker.trace_context import UNTRACED, is_traceparent

_KEY: Final = object()


class ReleaseContract(msgspec.Struct, frozen=True, kw_only=True):
    """What one extractor may release; anything else is refused.

    Attributes:
        kind: The kind of features.
        bundle: The id of the bundle (or of the shading profile) that makes them.
        region_bytes: The exact length of each region's payload; None for pictures.
        max_regions: The largest number of regions of one frame.
        max_bytes: The ceiling of the whole message on the wire.
        mechanism: The protection that each message must declare.
        max_epsilon_joint: Where given, a message must declare a joint privacy loss of at most this.
        may_trace: Whether the id of the frame's trace may leave with it.
    """

    kind: FeaturesKind
    bundle: str
    mechanism: str
    region_bytes: int | None = None
    max_regions: int = MAX_REGIONS
    max_bytes: int = MAX_FEATURES_BYTES
    max_epsilon_joint: float | None = None
    may_trace: bool = False


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that ask to leave; the fields are those of `Features`."""

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


@final
class Sealed:
    """Features that the gate has let through: the only thing the cloud link sends.

    Attributes:
        stream: The pseudonym that the topic is made from.
        wire: The encoded message.
    """

    __slots__ = ("stream", "wire")
    stream: str
    wire: bytes

    def __init__(self, key: object, stream: str, wire: bytes) -> None:
        if key is not _KEY:
            raise TypeError("only ReleaseGate.seal makes a Sealed")
        object.__setattr__(self, "stream", stream)
        object.__setattr__(self, "wire", wire)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a Sealed does not change: {name}")

    def __repr__(self) -> str:
        return f"Sealed({len(self.wire)} bytes)"


@final
class ReleaseGate:
    """Lets through exactly what the contract allows, and fails closed."""

    def __init__(self, contract: ReleaseContract) -> None:
        self._contract = contract

    @property
    def contract(self) -> ReleaseContract:
        """What may be released."""
        return self._contract

    def seal(self, draft: Draft) -> Sealed:
        """Seal a draft that keeps the contract.

        A `traceparent` that may not leave, or is none, is left behind: the numbers are worth sending without.

        Raises:
            Refused: It does not; `reason` says in which point. Nothing may be sent then.
        """
        self._check(draft)
        try:
            features = Features(
                draft.stream,
                draft.run,
                draft.sequence,
                draft.captured_ns,
                draft.sent_ns,
                draft.bundle,
                draft.kind,
                draft.regions,
                draft.protection,
                self._traceparent(draft),
            )
        except (ValueError, TypeError) as error:
            raise Refused("out-of-bounds", str(error)) from None
        wire = encode_features(features)
        if len(wire) > self._contract.max_bytes:
            raise Refused("over-ceiling", f"{len(wire)} bytes, at most {self._contract.max_bytes} may leave")
        return Sealed(_KEY, draft.stream, wire)

    def _traceparent(self, draft: Draft) -> str:
        leaves = self._contract.may_trace and is_traceparent(draft.traceparent)
        return draft.traceparent if leaves else UNTRACED

    def _check(self, draft: Draft) -> None:
        contract = self._contract
        if draft.bundle != contract.bundle or draft.kind != contract.kind:
            raise Refused("wrong-bundle", "made by another extractor than the contract names")
        if len(draft.regions) > contract.max_regions:
            raise Refused(
                "too-many-regions", f"{len(draft.regions)}, at most {contract.max_regions} may leave"
            )
        if contract.region_bytes is not None and any(len(r) != contract.region_bytes for r in draft.regions):
            raise Refused("wrong-length", f"a region is not exactly {contract.region_bytes} bytes")
        if draft.protection.mechanism != contract.mechanism:
            raise Refused("wrong-protection", f"the contract asks for {contract.mechanism}")
        self._check_epsilon(draft.protection)

    def _check_epsilon(self, protection: Protection) -> None:
        ceiling = self._contract.max_epsilon_joint
        if ceiling is None:
            return
        if protection.epsilon_joint is None or protection.epsilon_joint > ceiling:
            raise Refused("over-budget", f"epsilon_joint is not declared at or under {ceiling}")
