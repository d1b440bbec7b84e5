"""The extractor of a bundle: all regions of a frame through its network in one batch."""

from typing import Final, final

from feature_node.errors import ExtractorError
from feature_node.extractor import Embedded, Faces, Regions
from feature_node.picture import Picture
from feature_node.regions import RegionCutter
from feature_node.release.nullify import mask_of
from feature_node.threads import Threads
from models.bundle import ExtractorBundle
from models.errors import BundleError


@final
class BundleExtractor:
    """An `Extractor` that runs a bundle's network."""

    def __init__(self, bundle: ExtractorBundle, threads: Threads, regions: Regions | None = None) -> None:
        """Use the bundle's own kind of region, or another that the site asks for."""
        self._cutter: Final = RegionCutter(bundle.manifest, regions)
        self._bundle = bundle
        # What of the input the network is not to see is a part of the bundle, as its weights are.
        self._mask: Final = mask_of(bundle.manifest.noise.nullified) if bundle.manifest.noise else None
        self._threads = threads
        self.profile = self._cutter.profile

    async def extract(self, picture: Picture, faces: Faces) -> Embedded:
        """See `Extractor`."""
        return await self._threads.run(self._extract, picture, faces)

    def _extract(self, picture: Picture, faces: Faces) -> Embedded:
        regions, boxes = self._cutter.cut(picture, faces)
        try:
            return Embedded(self._bundle.embed(regions, mask=self._mask), boxes)
        except BundleError as error:
            raise ExtractorError(str(error)) from error
