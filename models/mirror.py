"""The mirror: what an attacker who holds nothing but a region's payload would make of it.

It is the trained decoder of the lab's battery and stays with the edge's half, for the people of the house to
look into. It decides nothing and nothing is sent through it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

import numpy as np

from models.errors import BadPayload, UnsupportedBundle
from models.manifest import MIRROR, InputSpec, OutputSpec
from models.pictures import Picture
from models.quantise import Floats, dequantise
from models.reading import read_checked
from models.sessions import Session

MAX_AT_ONCE: Final = 64


@final
class Mirror:
    """Payloads become pictures of the input's size, as the best decoder draws them."""

    def __init__(self, output: OutputSpec, size: InputSpec, session: Session) -> None:
        self.output = output
        self._size = size
        self._session = session

    def pictures(self, payloads: Sequence[bytes]) -> Picture:
        """Give RGB, uint8 [n, height, width, 3], of n payloads as they leave.

        Raises:
            BadPayload: more than `MAX_AT_ONCE`, or bytes that this bundle's edge half cannot have made.
            RuntimeFailed: the network does not run.
        """
        if len(payloads) > MAX_AT_ONCE:
            raise BadPayload(f"{len(payloads)} payloads at once; the mirror takes at most {MAX_AT_ONCE}")
        return to_pixels(self._session.run(dequantise(payloads, self.output)))


def to_pixels(drawn: Floats) -> Picture:
    """Turn float32 [n, 3, height, width] in [0, 1] into uint8 [n, height, width, 3]."""
    scaled = np.rint(255 * np.clip(drawn, 0.0, 1.0)).astype(np.uint8)
    return np.ascontiguousarray(scaled.transpose(0, 2, 3, 1))


def load_mirror(path: Path, *, threads: int = 1) -> Mirror:
    """Load the mirror of the bundle at `path`; its halves need not be there.

    Raises:
        UnsupportedBundle: it has none; the text says how one is made.
        BundleError: it is not there, not safe or not sound.
    """
    manifest, files = read_checked(path, frozenset({MIRROR}))
    output, size = manifest.output, manifest.input
    if output is None:
        raise UnsupportedBundle(f"{manifest.name} sends a censored picture, which needs no mirror")
    if MIRROR not in files:
        raise UnsupportedBundle(f"{manifest.name} has no {MIRROR}; `penumbra lab mirror` makes one")
    gives = (size.channels, size.height, size.width)
    session = Session(files[MIRROR], f"{path}: {MIRROR}", tuple(output.shape), gives, threads=threads)
    return Mirror(output, size, session)
