"""Where noise comes from: randomness of the operating system, and samplers that leak nothing beside it.

Adding floating-point noise leaks through the gaps between floats (Mironov, CCS 2012). What carries a joint
guarantee is therefore whole steps of the payload's grid: OpenDP's exact samplers for few numbers, and for
many an inverse transform that is exact to a part in 2^52. A seeded twin serves tests and repeatable studies.
"""

import importlib
import math
import os
import threading
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol, final

import numpy as np
from numpy.typing import NDArray

from feature_node.errors import BadNoise

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]
Family = Literal["laplace", "gaussian"]
Entropy = Callable[[int], bytes]
"""Gives so many random bytes."""

FEW: Final = 16
"""OpenDP's samplers take some microseconds a number: up to so many numbers a region they are used."""

MOST: Final = 2 * 127 + 1
"""A number of int8 that moves by this many steps is past either end: rarer noise need not be told apart."""

_AHEAD: Final = 256
_LATTICE_BITS: Final = 32


class IntegerNoise(Protocol):
    """Independent noise around zero, in whole steps."""

    def draw(self, rows: int, numbers: int) -> Integers:
        """Give fresh noise, int64 [rows, numbers]; never the same draw twice."""
        ...


class RealNoise(Protocol):
    """Independent noise around zero, in floating point."""

    def draw(self, shape: tuple[int, ...]) -> Reals:
        """Give fresh noise of this shape."""
        ...


class Samplers(Protocol):
    """Makes the noise that a mechanism asks for."""

    @property
    def entropy(self) -> Entropy:
        """The randomness behind it."""
        ...

    def integers(self, family: Family, scale: float, numbers: int) -> IntegerNoise:
        """Give noise in whole steps, for regions of so many numbers.

        Raises:
            BadNoise: It cannot be made here.
        """
        ...

    def reals(self, scale: float) -> RealNoise:
        """Give Laplace noise of this scale in floating point."""
        ...


@final
class SystemSamplers:
    """What a node uses: OpenDP where a region has few numbers, os.urandom everywhere."""

    def __init__(self) -> None:
        self.entropy: Final[Entropy] = os.urandom

    def integers(self, family: Family, scale: float, numbers: int) -> IntegerNoise:
        """See `Samplers`."""
        return OpenDpNoise(family, scale) if numbers <= FEW else TailNoise(tails(family, scale))

    def reals(self, scale: float) -> RealNoise:
        """See `Samplers`."""
        return ContinuousLaplace(scale)


@final
class SeededSamplers:
    """The same noise each time, for tests and studies; it protects nobody."""

    def __init__(self, seed: int) -> None:
        self.entropy: Final[Entropy] = np.random.default_rng(seed).bytes

    def integers(self, family: Family, scale: float, numbers: int) -> IntegerNoise:  # noqa: ARG002
        """See `Samplers`."""
        return TailNoise(tails(family, scale), self.entropy)

    def reals(self, scale: float) -> RealNoise:
        """See `Samplers`."""
        return ContinuousLaplace(scale, self.entropy)


@final
class ContinuousLaplace:
    """Lap(b) in double precision, as published: its last bits are not protected."""

    def __init__(self, scale: float, entropy: Entropy = os.urandom) -> None:
        self._scale = scale
        self._entropy = entropy

    def draw(self, shape: tuple[int, ...]) -> Reals:
        """See `RealNoise`: -b·ln(u) with a random sign, u uniform in (0, 1)."""
        words = np.frombuffer(self._entropy(8 * math.prod(shape)), np.uint64)
        uniform = ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
        signs = 1.0 - 2.0 * (words & np.uint64(1)).astype(np.float64)
        return (-self._scale * signs * np.log(uniform)).reshape(shape)


@final
class TailNoise:
    """Symmetric integer noise by inverse transform of P(|Z| >= m); beyond the last m it is given as that.

    The tails are told apart from a uniform number of 127 bits, so that a rare value is as exact as a common
    one: each has its probability to a part in 2^52, down to 2^-74.
    """

    def __init__(self, tails: Reals, entropy: Entropy = os.urandom) -> None:
        """Take tails[m - 1] = P(|Z| >= m), falling."""
        self._rising = np.ascontiguousarray(tails[::-1])
        self._entropy = entropy

    def draw(self, rows: int, numbers: int) -> Integers:
        """See `IntegerNoise`."""
        high, low = np.frombuffer(self._entropy(16 * rows * numbers), np.uint64).reshape(2, rows, numbers)
        uniform = high.astype(np.float64) * 2.0**-64 + (low >> np.uint64(1)).astype(np.float64) * 2.0**-127
        sizes = len(self._rising) - np.searchsorted(self._rising, uniform, side="right")
        return np.where(low & np.uint64(1), -sizes, sizes).astype(np.int64)


def tails(family: Family, scale: float, most: int = MOST) -> Reals:
    """Give P(|Z| >= m) for m = 1 … most.

    `laplace`: the discrete Laplace, P(z) ∝ exp(-|z|/scale) (Ghosh, Roughgarden, Sundararajan 2009).
    `gaussian`: N(0, scale²) rounded to the nearest integer.
    """
    sizes = np.arange(1, most + 1, dtype=np.float64)
    if family == "laplace":
        return np.asarray(2 * np.exp(-sizes / scale) / (1 + math.exp(-1 / scale)))
    return np.array([math.erfc((m - 0.5) / (scale * math.sqrt(2))) for m in sizes])


@final
class OpenDpNoise:
    """OpenDP's exact samplers: the discrete Laplace, and N(0, scale²) rounded to whole steps.

    The Gaussian is drawn on a lattice 2^32 times finer than its scale and then rounded: rounding what a real
    Gaussian made is post-processing, so that its analytic calibration holds. A call costs more than a number,
    so numbers are drawn ahead; each is given once, and none that was drawn before a fork.
    """

    def __init__(self, family: Family, scale: float) -> None:
        """Make the sampler.

        Raises:
            BadNoise: OpenDP is not installed, or does not take this scale.
        """
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._ahead: list[int] = []
        self._batch = FEW
        bits = _LATTICE_BITS - math.frexp(scale)[1] if family == "gaussian" else 0
        self._fine = 2.0 ** max(0, bits)
        self._noise = _measurement(family, scale * self._fine)

    def draw(self, rows: int, numbers: int) -> Integers:
        """See `IntegerNoise`."""
        drawn = np.array(self._take(rows * numbers), np.float64).reshape(rows, numbers)
        return np.rint(drawn / self._fine).astype(np.int64)

    def _take(self, count: int) -> list[int]:
        with self._lock:
            if os.getpid() != self._process:
                self._process, self._ahead = os.getpid(), []
            while len(self._ahead) < count:
                self._ahead += self._noise([0] * self._batch)
                self._batch = min(2 * self._batch, _AHEAD)
            taken, self._ahead = self._ahead[:count], self._ahead[count:]
            return taken


def _measurement(family: Family, scale: float) -> Callable[[list[int]], list[int]]:
    try:
        dp: Any = importlib.import_module("opendp.prelude")
    except ImportError as error:
        raise BadNoise(
            f"noise for up to {FEW} numbers a region is OpenDP's, which is not installed. "
            "Run: pip install 'penumbra[dp]'"
        ) from error
    dp.enable_features("contrib")
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    try:
        if family == "laplace":
            made = dp.m.make_laplace(domain, dp.l1_distance(T="i64"), scale=scale)
        else:
            made = dp.m.make_gaussian(domain, dp.l2_distance(T=float), scale=scale)
    except dp.OpenDPException as error:
        raise BadNoise(f"OpenDP makes no {family} noise of scale {scale:g}: {error.message}") from error
    return made  # type: ignore[no-any-return]
