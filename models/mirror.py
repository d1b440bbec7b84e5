"""The mirror: what an attacker who holds nothing but a region's payload would make of it.

It is the trained decoder of the lab's battery and stays with the edge's half, for the people of the house to
look into. It decides nothing and nothing is sent through it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

import msgspec
import numpy as np

from models.errors import BadPayload, DamagedBundle, UnsupportedBundle
from models.manifest import MIRROR, OutputSpec
from models.pictures import Picture
from models.quantise import Floats, dequantise
from models.reading import read_checked
from models.sessions import Session

MAX_AT_ONCE: Final = 64
MEAN_CODE: Final = "mean_code"
"""Under this key the file notes, as JSON, the mean of the codes that it learnt from."""


@final
class Mirror:
    """Payloads become pictures of the input's size, as the best decoder draws them."""

    def __init__(self, output: OutputSpec, session: Session, mean: Floats) -> None:
        """Take the decoder, and the mean of the codes that it learnt from, float32 [*output.shape]."""
        self.output = output
        self._session = session
        self._mean = mean
        self._everybody: Picture | None = None

    def everybody(self) -> Picture:
        """Give the one picture, uint8 [height, width, 3], that tells nothing of anybody: the mean code's.

        Raises:
            RuntimeFailed: the network does not run.
        """
        if self._everybody is None:
            self._everybody = np.asarray(to_pixels(self._session.run(self._mean[None]))[0], np.uint8)
        return self._everybody

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
    return Mirror(output, session, _mean_code(session, output, str(path)))


def _mean_code(session: Session, output: OutputSpec, where: str) -> Floats:
    try:
        numbers = msgspec.json.decode(session.notes.get(MEAN_CODE, ""), type=tuple[float, ...])
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise DamagedBundle(f"{where}: {MIRROR} does not say what its mean code is") from error
    if len(numbers) != output.numbers or not max(map(abs, numbers)) <= output.clip:
        raise DamagedBundle(f"{where}: {MIRROR} has a mean code that is none of {output.numbers} numbers")
    return np.asarray(numbers, np.float32).reshape(output.shape)
