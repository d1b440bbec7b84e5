"""From what was extracted to what asks to leave: the release steps, and their record for the wire."""

from typing import NamedTuple, Protocol, final

from broker.features import Protection
from broker.gate import ReleaseContract
from feature_node.errors import ExtractorError
from feature_node.extractor import Embedded, Extraction, Profile
from feature_node.release.mechanism import Cost, Mechanism
from feature_node.release.storing import payloads
from models.errors import BundleError


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

    def protect(self, extraction: Extraction, size: tuple[int, int]) -> Protected:
        """Give what may leave of a frame of `size` (width, height).

        Raises:
            ExtractorError: It may not leave.
        """
        ...


@final
class NumbersProtection:
    """Puts embeddings through a mechanism; refuses anything else."""

    def __init__(self, mechanism: Mechanism) -> None:
        self._mechanism = mechanism
        self.name = mechanism.name

    def protect(self, extraction: Extraction, size: tuple[int, int]) -> Protected:  # noqa: ARG002
        """See `Protect`."""
        if not isinstance(extraction, Embedded) or len(extraction.numbers) != len(extraction.boxes):
            raise ExtractorError("the extractor did not give one array a region")
        try:
            stored, _ = self._mechanism.apply(extraction.numbers)
        except BundleError as error:
            raise ExtractorError(str(error)) from error
        protection = protection_of(self.name, self._mechanism.cost, len(stored))
        return Protected(payloads(stored), extraction.boxes, protection)


@final
class PictureProtection:
    """Lets censored pictures through as they are; refuses anything else."""

    def __init__(self, style: str) -> None:
        self.name = f"shade-{style}"

    def protect(self, extraction: Extraction, size: tuple[int, int]) -> Protected:
        """See `Protect`; the one region is the whole frame."""
        if isinstance(extraction, Embedded):
            raise ExtractorError("the extractor did not give a censored picture")
        return Protected((extraction.jpeg,), ((0, 0, *size),), Protection(self.name))


def protection_of(name: str, cost: Cost, regions: int) -> Protection:
    """Say on the wire what a message of so many regions cost: each of them can be the same person's."""
    joint = None if cost.epsilon_joint is None else regions * cost.epsilon_joint
    return Protection(name, cost.epsilon_per_coordinate, joint)


def contract_of(profile: Profile, protect: Protect) -> ReleaseContract:
    """Say what the gate may let through of this extractor."""
    return ReleaseContract(
        kind=profile.kind,
        bundle=profile.bundle,
        mechanism=protect.name,
        region_bytes=profile.region_bytes,
    )
