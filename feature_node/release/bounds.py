"""Bounds on what one region's numbers can be, so that noise can be measured against them.

A norm is bounded by shrinking all numbers of a region alike, which keeps what they say to one another.
"""

from typing import Final, Literal, NoReturn, final

import numpy as np

from feature_node.release.calibration import positive
from feature_node.release.mechanism import Cost, Event, Numbers, no_noise
from models.manifest import OutputSpec
from models.quantise import check, clip

Norm = Literal["inf", "l1", "l2"]

_ORDERS: Final[dict[Norm, float]] = {"inf": np.inf, "l1": 1, "l2": 2}


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
class ClipNorm:
    """Bounds a norm of a region's numbers to B: x̃ / max(1, ‖x̃‖/B).

    The largest coordinate (`inf`) makes it line 3 of algorithm 1 in Ryu et al.; the sum of sizes (`l1`) is
    what joint Laplace noise needs, the length (`l2`) what Gaussian noise does.
    """

    cost: Final = Cost()

    def __init__(self, norm: Norm, bound: float, output: OutputSpec) -> None:
        self.name: Final = f"clip-{norm}"
        self._order = _ORDERS[norm]
        self._bound = positive("bound", bound)
        self._output = output

    def at(self, epsilon_joint: float) -> NoReturn:
        """See `Mechanism`."""
        no_noise(self.name, epsilon_joint)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`; refuses NaN, infinity and other shapes."""
        check(numbers, self._output)
        # Float32 would overflow where a norm is taken.
        rows = numbers.reshape(len(numbers), self._output.numbers).astype(np.float64)
        norms = np.linalg.norm(rows, self._order, axis=1, keepdims=True)
        shrunk = np.asarray(rows / np.maximum(1.0, norms / self._bound), np.float32)
        return shrunk.reshape(numbers.shape), (Event(name=self.name, bound=self._bound),)
