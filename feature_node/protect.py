"""From what was extracted to what asks to leave: the release steps, and their record for the wire."""

from typing import NamedTuple, Protocol, final

from broker.features import Protection
from broker.gate import ReleaseContract
from feature_node.errors import ExtractorError
from feature_node.extractor import Embedded, Extraction, Profile
from feature_node.release.mechanism import Cost, Mechanism
from feature_node.release.storing import payloads
from models.errors import BundleError


class Origin(NamedTuple):
    """The frame that was extracted from: its camera, run and capture time, and its (width, height)."""

    camera: str
    run: int
    captured_ns: int
    size: tuple[int, int]


class Protected(NamedTuple):
    """The payloads, the regions they belong to (pixels of the frame), and what was done."""

    regions: tuple[bytes, ...]
    boxes: tuple[tuple[int, int, int, int], ...]
    protection: Protection


class Protect(Protocol):
    """The release steps of one kind of extraction."""

    @property
    def name(self) -> str:
        """What is done, as `Protection.mechanism` says it; the same for every frame."""
        ...

    @property
    def cost(self) -> Cost:
        """What one region costs as the settings say it."""
        ...

    def protect(self, extraction: Extraction, origin: Origin) -> Protected:
        """Give what may leave of a frame; frames of one camera come in order.

        Raises:
            Withheld: It may not leave; `reason` says why.
        """
        ...


@final
class NumbersProtection:
    """Puts embeddings through a mechanism; refuses anything else."""

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self.name = mechanism.name
        self.cost = mechanism.cost

    def protect(self, extraction: Extraction, origin: Origin) -> Protected:  # noqa: ARG002
        """See `Protect`."""
        made = embedded(extraction)
        try:
            stored, _ = self._mechanism.apply(made.numbers)
        except BundleError as error:
            raise ExtractorError(str(error)) from error
        protection = protection_of(self.name, self._mechanism.cost, len(stored))
        return Protected(payloads(stored), made.boxes, protection)


@final
class PictureProtection:
    """Lets censored pictures through as they are; refuses anything else."""

    def __init__(self, style: str) -> None:
        self.name = f"shade-{style}"
        self.cost = Cost()

    def protect(self, extraction: Extraction, origin: Origin) -> Protected:
        """See `Protect`; the one region is the whole frame."""
        if isinstance(extraction, Embedded):
            raise ExtractorError("the extractor did not give a censored picture")
        return Protected((extraction.jpeg,), ((0, 0, *origin.size),), Protection(self.name))


def embedded(extraction: Extraction) -> Embedded:
    """Take numbers alone, one array a region.

    Raises:
        ExtractorError: It is something else.
    """
    if not isinstance(extraction, Embedded) or len(extraction.numbers) != len(extraction.boxes):
        raise ExtractorError("the extractor did not give one array a region")
    return extraction


def protection_of(name: str, cost: Cost, regions: int) -> Protection:
    """Say on the wire what a message of so many regions cost: each of them can be the same person's."""
    joint = None if cost.epsilon_joint is None else regions * cost.epsilon_joint
    delta = None if cost.delta is None else min(1.0, regions * cost.delta)
    return Protection(name, cost.epsilon_per_coordinate, joint, delta)


def contract_of(
    profile: Profile, protect: Protect, max_epsilon_joint: float | None = None, *, may_trace: bool = False
) -> ReleaseContract:
    """Say what the gate may let through of this extractor, at which joint loss a message, and if traced."""
    return ReleaseContract(
        kind=profile.kind,
        bundle=profile.bundle,
        mechanism=protect.name,
        region_bytes=profile.region_bytes,
        max_epsilon_joint=max_epsilon_joint,
        may_trace=may_trace,
    )
