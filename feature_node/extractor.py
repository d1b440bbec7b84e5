"""The extractor's promise: regions of a frame become numbers, or a censored picture."""

from typing import Literal, NamedTuple, Protocol

import msgspec

from broker.features import FeaturesKind
from feature_node.box import Box, PixelBox
from feature_node.picture import Picture
from feature_node.release.mechanism import Numbers

Regions = Literal["whole", "faces"]
"""What one answer is about: the whole picture, or each face."""


class Faces(NamedTuple):
    """What is known of a frame's faces: those found in it, and all boxes to cover (these and held ones)."""

    found: tuple[Box, ...] = ()
    cover: tuple[Box, ...] = ()


class Embedded(NamedTuple):
    """One array a region, float32 [n, …], and the n regions in pixels of the frame."""

    numbers: Numbers
    boxes: tuple[PixelBox, ...]


class Censored(NamedTuple):
    """A picture in which every face is shaded, as a JPEG, and where."""

    jpeg: bytes
    boxes: tuple[PixelBox, ...]


Extraction = Embedded | Censored


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What an extractor makes.

    Attributes:
        bundle: 16 hex digits that pair it with an analyzer.
        kind: Numbers or a picture.
        task: The question that the analyzer answers.
        region_bytes: The exact length of one region's payload; None for pictures.
        needs_faces: Whether faces must be detected first.
    """

    bundle: str
    kind: FeaturesKind
    task: str
    region_bytes: int | None
    needs_faces: bool


class Extractor(Protocol):
    """Makes of a frame what the release steps may let out; asynchronous, since it may be far away."""

    @property
    def profile(self) -> Profile:
        """What it makes."""
        ...

    async def extract(self, picture: Picture, faces: Faces) -> Extraction:
        """Extract from a BGR picture, uint8 [height, width, 3].

        Raises:
            ExtractorError: It could not; nothing of this frame may leave.
        """
        ...
