"""The extractor of a bundle, spread over helpers: the same numbers, and no helper sees the picture."""

from typing import Final, NamedTuple, final

import numpy as np

from feature_node.box import PixelBox
from feature_node.distributed.segment import Floats
from feature_node.distributed.spread import Spread
from feature_node.errors import ExtractorError
from feature_node.extractor import Embedded, Faces, Regions
from feature_node.picture import Picture
from feature_node.regions import RegionCutter
from feature_node.release.nullify import mask_of
from feature_node.threads import Threads
from models.errors import BundleError
from models.manifest import Manifest, OutputSpec
from models.pictures import normalise


class _Input(NamedTuple):
    pictures: Floats
    boxes: tuple[PixelBox, ...]


@final
class DistributedExtractor:
    """An `Extractor` that runs a bundle's network over helpers."""

    def __init__(
        self,
        manifest: Manifest,
        output: OutputSpec,
        spread: Spread,
        threads: Threads,
        regions: Regions | None = None,
    ) -> None:
        """Use the bundle's own kind of region, or another that the site asks for."""
        self._cutter: Final = RegionCutter(manifest, regions)
        self._size = manifest.input
        self._shape = tuple(output.shape)
        self._mask: Final = mask_of(manifest.noise.nullified) if manifest.noise else None
        self._spread = spread
        self._threads = threads
        self.profile = self._cutter.profile

    async def extract(self, picture: Picture, faces: Faces) -> Embedded:
        """See `Extractor`; also raises `NoPlacement` and `HelpersLate`."""
        pictures, boxes = await self._threads.run(self._input, picture, faces)
        if not boxes:
            return Embedded(np.zeros((0, *self._shape), np.float32), boxes)
        numbers = await self._spread.run(pictures)
        if numbers.shape != (len(boxes), *self._shape):
            raise ExtractorError(f"the spread network answered shape {numbers.shape} to {len(boxes)} regions")
        return Embedded(numbers, boxes)

    def _input(self, picture: Picture, faces: Faces) -> _Input:
        regions, boxes = self._cutter.cut(picture, faces)
        try:
            pictures = normalise(regions, self._size)
        except BundleError as error:
            raise ExtractorError(str(error)) from error
        return _Input(pictures if self._mask is None else self._mask(pictures), boxes)
