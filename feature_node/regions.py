"""Cuts the regions of a frame out for a bundle's network: the whole picture, or each face."""

from typing import Final, Literal, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from broker.bounds import MAX_REGIONS
from feature_node.box import PixelBox, inside
from feature_node.errors import ExtractorError
from feature_node.extractor import Faces, Profile, Regions
from feature_node.picture import Picture, to_rgb
from models.errors import BundleError
from models.manifest import Manifest, RegionSpec
from models.pictures import cut


class CutOut(NamedTuple):
    """RGB, uint8 [n, height, width, 3], and where each was, in pixels of the frame."""

    regions: NDArray[np.uint8]
    boxes: tuple[PixelBox, ...]


@final
class RegionCutter:
    """Cuts as the bundle was trained, on its own kind of region or another that the site asks for."""

    def __init__(self, manifest: Manifest, regions: Regions | None = None) -> None:
        kind: Literal["whole", "face"] = manifest.region.kind
        if regions is not None:
            kind = "whole" if regions == "whole" else "face"
        self._region: Final = RegionSpec(kind, manifest.region.margin)
        self._size = manifest.input
        self.profile = Profile(
            bundle=manifest.bundle_id,
            kind="embedding",
            task=manifest.task,
            region_bytes=manifest.region_bytes,
            needs_faces=kind == "face",
        )

    def cut(self, picture: Picture, faces: Faces) -> CutOut:
        """Cut the regions of a BGR picture.

        Raises:
            ExtractorError: There are too many, or one cannot be cut.
        """
        height, width = picture.shape[:2]
        boxes: tuple[PixelBox, ...] = ((0, 0, width, height),)
        if self._region.kind == "face":
            boxes = inside(faces.found, width, height)
        if len(boxes) > MAX_REGIONS:
            raise ExtractorError(f"{len(boxes)} regions, at most {MAX_REGIONS} may leave")
        try:
            rgb = to_rgb(picture)
            cuts = [cut(rgb, box, self._region, self._size) for box in boxes]
        except BundleError as error:
            raise ExtractorError(str(error)) from error
        return CutOut(np.stack(cuts) if cuts else np.zeros((0, *self._size.shape), np.uint8), boxes)
