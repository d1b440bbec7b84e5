"""A bundle's edge as it runs: regions to the very bytes that leave, noise and all."""

from collections.abc import Iterator
from typing import Final, final

import numpy as np
from msgspec import UnsetType
from numpy.typing import NDArray

from feature_node.release.chains import chain_of
from feature_node.release.nullify import mask_of
from feature_node.release.samplers import Samplers
from feature_node.release.storing import payloads
from models.bundle import ExtractorBundle
from models.manifest import NoiseSpec
from models.quantise import Floats, dequantise

Pixels = NDArray[np.uint8]
_AT_ONCE: Final = 64


@final
class Edge:
    """An extractor and its release steps, as a feature node has them."""

    def __init__(
        self,
        extractor: ExtractorBundle,
        noise: NoiseSpec | UnsetType | None = None,
        samplers: Samplers | None = None,
    ) -> None:
        """Take the bundle's own noise (None), another, or none (UNSET).

        Raises:
            BadNoise: it cannot be made here.
        """
        self.extractor = extractor
        self.noise: Final = extractor.manifest.noise if noise is None else noise
        self._chain = chain_of(extractor.output, self.noise, samplers)
        self._mask = mask_of(self.noise.nullified) if self.noise else None

    def payloads(self, regions: Pixels) -> Iterator[bytes]:
        """Give one payload a region, uint8 [n, h, w, 3]; noise is drawn anew at each call."""
        for start in range(0, len(regions), _AT_ONCE):
            yield from self.release(self.clean(regions[start : start + _AT_ONCE]))

    def clean(self, regions: Pixels) -> Floats:
        """Give the numbers of regions before any release step, float32 [n, *output.shape]."""
        return self.extractor.embed(regions, mask=self._mask)

    def release(self, numbers: Floats) -> tuple[bytes, ...]:
        """Put clean numbers through the release steps; one payload a row."""
        return payloads(self._chain.apply(numbers)[0])

    def __call__(self, regions: Pixels) -> Floats:
        """Give what the cloud decodes of regions, float32 [n, *output.shape]; see `Release`."""
        output = self.extractor.output
        return dequantise(tuple(self.payloads(regions)), output).reshape(len(regions), *output.shape)
