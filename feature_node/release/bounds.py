"""Bounds on what one region's numbers can be, so that noise can be measured against them.

A norm is bounded by shrinking all numbers of a region alike, which keeps what they say to one another.
"""

from typing import Final, NoReturn, final

import numpy as np

from feature_node.release.calibration import positive
from feature_node.release.mechanism import Cost, Event, Numbers, no_noise
from models.manifest import OutputSpec
from models.quantise import check, clip


@final
class ClipCoordinates:
    """Bounds every coordinate as the bundle's manifest says; refuses NaN, infinity and other shapes."""

    name: Final = "clip"
    cost: Final = Cost()

    def __init__(self, output: OutputSpec) -> None:
        self._output = output

    def at(self, epsilon_joint: float) -> NoReturn:
        """See `Mechanism`."""
        no_noise(self.name, epsilon_joint)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        return clip(numbers, self._output), (Event(name=self.name, bound=self._output.clip),)


@final
class ClipInfinity:
    """Bounds a region's largest coordinate to B: x̃ / max(1, ‖x̃‖∞/B) (Ryu et al., algorithm 1, line 3)."""

    name: Final = "clip-inf"
    cost: Final = Cost()

    def __init__(self, bound: float, output: OutputSpec) -> None:
        self._bound = positive("bound", bound)
        self._output = output

    def at(self, epsilon_joint: float) -> NoReturn:
        """See `Mechanism`."""
        no_noise(self.name, epsilon_joint)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`; refuses NaN, infinity and other shapes."""
        rows = _rows(numbers, self._output)
        shrunk = _shrunk(rows, np.abs(rows).max(axis=1, initial=0.0), self._bound)
        return shrunk.reshape(numbers.shape), (Event(name=self.name, bound=self._bound),)


@final
class ClipL1:
    """Bounds the sum of a region's sizes to B: x̃ / max(1, ‖x̃‖₁/B)."""

    name: Final = "clip-l1"
    cost: Final = Cost()

    def __init__(self, bound: float, output: OutputSpec) -> None:
        self._bound = positive("bound", bound)
        self._output = output

    def at(self, epsilon_joint: float) -> NoReturn:
        """See `Mechanism`."""
        no_noise(self.name, epsilon_joint)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`; refuses NaN, infinity and other shapes."""
        rows = _rows(numbers, self._output)
        shrunk = _shrunk(rows, np.abs(rows).sum(axis=1), self._bound)
        return shrunk.reshape(numbers.shape), (Event(name=self.name, bound=self._bound),)


@final
class ClipL2:
    """Bounds a region's length to B: x̃ / max(1, ‖x̃‖₂/B)."""

    name: Final = "clip-l2"
    cost: Final = Cost()

    def __init__(self, bound: float, output: OutputSpec) -> None:
        self._bound = positive("bound", bound)
        self._output = output

    def at(self, epsilon_joint: float) -> NoReturn:
        """See `Mechanism`."""
        no_noise(self.name, epsilon_joint)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`; refuses NaN, infinity and other shapes."""
        rows = _rows(numbers, self._output)
        shrunk = _shrunk(rows, np.sqrt(np.square(rows).sum(axis=1)), self._bound)
        return shrunk.reshape(numbers.shape), (Event(name=self.name, bound=self._bound),)


def _rows(numbers: Numbers, output: OutputSpec) -> Numbers:
    """Give checked numbers as float64 [n, d]: float32 would overflow where a norm is taken."""
    check(numbers, output)
    return numbers.reshape(len(numbers), output.numbers).astype(np.float64)


def _shrunk(rows: Numbers, norms: Numbers, bound: float) -> Numbers:
    return np.asarray(rows / np.maximum(1.0, norms / bound)[:, None], np.float32)
