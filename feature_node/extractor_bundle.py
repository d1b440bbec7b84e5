"""The extractor of a bundle: all regions of a frame through its network in one batch."""

from typing import Final, Literal, final

import numpy as np

from broker.bounds import MAX_REGIONS
from feature_node.box import PixelBox, inside
from feature_node.errors import ExtractorError
from feature_node.extractor import Embedded, Faces, Profile, Regions
from feature_node.picture import Picture, to_rgb
from feature_node.release.nullify import mask_of
from feature_node.threads import Threads
from models.bundle import ExtractorBundle
from models.errors import BundleError
from models.manifest import RegionSpec
from models.pictures import cut


@final
class BundleExtractor:
    """An `Extractor` that runs a bundle's network."""

    def __init__(self, bundle: ExtractorBundle, threads: Threads, regions: Regions | None = None) -> None:
        """Use the bundle's own kind of region, or another that the site asks for."""
        manifest = bundle.manifest
        kind: Literal["whole", "face"] = manifest.region.kind
        if regions is not None:
            kind = "whole" if regions == "whole" else "face"
        self._region: Final = RegionSpec(kind, manifest.region.margin)
        self._bundle = bundle
        # What of the input the network is not to see is a part of the bundle, as its weights are.
        self._mask: Final = mask_of(manifest.noise.nullified) if manifest.noise else None
        self._threads = threads
        self.profile = Profile(
            bundle=manifest.bundle_id,
            kind="embedding",
            task=manifest.task,
            region_bytes=manifest.region_bytes,
            needs_faces=kind == "face",
        )

    async def extract(self, picture: Picture, faces: Faces) -> Embedded:
        """See `Extractor`."""
        return await self._threads.run(self._extract, picture, faces)

    def _extract(self, picture: Picture, faces: Faces) -> Embedded:
        height, width = picture.shape[:2]
        boxes: tuple[PixelBox, ...] = ((0, 0, width, height),)
        if self._region.kind == "face":
            boxes = inside(faces.found, width, height)
        if len(boxes) > MAX_REGIONS:
            raise ExtractorError(f"{len(boxes)} regions, at most {MAX_REGIONS} may leave")
        size = self._bundle.manifest.input
        try:
            rgb = to_rgb(picture)
            cuts = [cut(rgb, box, self._region, size) for box in boxes]
            regions = np.stack(cuts) if cuts else np.zeros((0, *size.shape), np.uint8)
            return Embedded(self._bundle.embed(regions, mask=self._mask), boxes)
        except BundleError as error:
            raise ExtractorError(str(error)) from error
