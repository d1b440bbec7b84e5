"""Noise of a stated privacy: as published per coordinate, or jointly for all numbers of a region.

Each mechanism checks for itself that what it is given was bounded: noise for a smaller bound protects less.
"""

import math
from typing import Final, Literal, final

import numpy as np

from feature_node.release.calibration import gaussian_sigma, joint_of, laplace_scale, positive
from feature_node.release.mechanism import Cost, Event, Numbers
from feature_node.release.samplers import Integers, Samplers, SystemSamplers
from models.errors import BadNumbers
from models.manifest import OutputSpec

# float32 rounds what was clipped by half a part in 10^7; each mechanism takes that off again, exactly.
_ROUNDING: Final = 1e-6


@final
class LaplacePerCoordinate:
    """x* = x̃ + Lap(2B/ε), element by element (Ryu et al., algorithm 1, line 4).

    It follows `ClipNorm("inf")`. The guarantee as published is one number's; all d of them together cost
    d·ε. The noise is in floating point, as published: where the payload is float32 its last bits are not
    protected.
    """

    name: Final = "laplace-per-coordinate"

    def __init__(
        self, bound: float, epsilon_per_coordinate: float, numbers: int, samplers: Samplers | None = None
    ) -> None:
        """Make noise for ‖x̃‖∞ <= bound.

        Raises:
            BadNoise: An amount is no finite number above zero.
        """
        self._bound = positive("bound", bound)
        self._numbers = numbers
        self._samplers = samplers or SystemSamplers()
        self._scale = laplace_scale(2 * bound, positive("epsilon_per_coordinate", epsilon_per_coordinate))
        self._noise = self._samplers.reals(self._scale)
        self.cost: Final = Cost(
            epsilon_per_coordinate=epsilon_per_coordinate,
            epsilon_joint=joint_of(epsilon_per_coordinate, numbers),
        )

    def at(self, epsilon_joint: float) -> "LaplacePerCoordinate":
        """See `Mechanism`."""
        one = positive("epsilon_joint", epsilon_joint) / self._numbers
        return LaplacePerCoordinate(self._bound, one, self._numbers, self._samplers)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        _check_bounded(np.abs(numbers).max(initial=0.0), self._bound)
        bounded = np.clip(numbers.astype(np.float64), -self._bound, self._bound)
        noisy = np.asarray(bounded + self._noise.draw(numbers.shape), np.float32)
        return noisy, (Event(name=self.name, noise_scale=self._scale),)


@final
class LaplaceJoint:
    """Discrete Laplace noise for all numbers of a region together: pure epsilon_joint.

    Any two regions are at most 2B apart in L1 after `ClipNorm("l1")`. Numbers become whole steps of the
    payload's grid, truncated towards zero so that no norm grows, and get noise of whole steps: nothing of
    floating point leaves.
    """

    name: Final = "laplace"

    def __init__(
        self, bound: float, epsilon_joint: float, output: OutputSpec, samplers: Samplers | None = None
    ) -> None:
        """Make noise for ‖x̃‖₁ <= bound.

        Raises:
            BadNoise: An amount is no finite number above zero, the bound is under one step of the output, or
                noise cannot be made here.
        """
        self._bound = positive("bound", bound)
        self._output = output
        self._samplers = samplers or SystemSamplers()
        self._most = int(positive("bound in steps", _most(bound / output.scale)))
        self._scale = laplace_scale(2 * self._most, positive("epsilon_joint", epsilon_joint))
        self._noise = self._samplers.integers("laplace", self._scale, output.numbers)
        self.cost: Final = Cost(epsilon_per_coordinate=epsilon_joint, epsilon_joint=epsilon_joint)

    def at(self, epsilon_joint: float) -> "LaplaceJoint":
        """See `Mechanism`."""
        return LaplaceJoint(self._bound, epsilon_joint, self._output, self._samplers)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`; gives multiples of the output's scale."""
        rows = _rows(numbers, self._output)
        _check_bounded(np.abs(rows).sum(axis=1).max(initial=0.0), self._bound)
        steps = whole_steps(rows, self._output.scale, power=1, most=self._most)
        noisy = steps + self._noise.draw(*steps.shape)
        event = Event(name=self.name, noise_scale=self._scale * self._output.scale)
        return _numbers(noisy, self._output), (event,)


@final
class GaussianJoint:
    """Gaussian noise for all numbers of a region together: (epsilon_joint, delta).

    Any two regions are at most 2B apart in L2 after `ClipNorm("l2")`; σ is the analytic calibration's (Balle
    and Wang, theorem 8). On the payload's grid as `LaplaceJoint`.
    """

    name: Final = "gaussian"

    def __init__(
        self,
        bound: float,
        epsilon_joint: float,
        delta: float,
        output: OutputSpec,
        samplers: Samplers | None = None,
    ) -> None:
        """Make noise for ‖x̃‖₂ <= bound.

        Raises:
            BadNoise: As `LaplaceJoint`, or delta is not under 1.
        """
        self._bound = positive("bound", bound)
        self._output = output
        self._samplers = samplers or SystemSamplers()
        self._most = int(positive("bound in steps", _most((bound / output.scale) ** 2)))
        self._scale = gaussian_sigma(2 * math.sqrt(self._most), epsilon_joint, delta)
        self._noise = self._samplers.integers("gaussian", self._scale, output.numbers)
        self.cost: Final = Cost(
            epsilon_per_coordinate=epsilon_joint, epsilon_joint=epsilon_joint, delta=delta
        )

    def at(self, epsilon_joint: float) -> "GaussianJoint":
        """See `Mechanism`."""
        delta = self.cost.delta or 0.0
        return GaussianJoint(self._bound, epsilon_joint, delta, self._output, self._samplers)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`; gives multiples of the output's scale."""
        rows = _rows(numbers, self._output)
        _check_bounded(np.sqrt(np.square(rows).sum(axis=1).max(initial=0.0)), self._bound)
        steps = whole_steps(rows, self._output.scale, power=2, most=self._most)
        noisy = steps + self._noise.draw(*steps.shape)
        event = Event(name=self.name, noise_scale=self._scale * self._output.scale)
        return _numbers(noisy, self._output), (event,)


def whole_steps(rows: Numbers, step: float, *, power: Literal[1, 2], most: int) -> Integers:
    """Give numbers [n, d] as whole steps, towards zero, with Σ|k|^power <= most in every row, exactly.

    What float rounding left over the bound comes off the largest number.
    """
    steps = np.trunc(rows / step).astype(np.int64)
    while True:
        over = np.flatnonzero((np.abs(steps) ** power).sum(axis=1) > most)
        if not len(over):
            return steps
        largest = np.abs(steps[over]).argmax(axis=1)
        steps[over, largest] -= np.sign(steps[over, largest])


def _most(norm: float) -> int:
    # A bound of a whole number of steps may come out as a hair under it.
    return math.floor(norm * (1 + 1e-9))


def _check_bounded(norm: float, bound: float) -> None:
    # Asked the other way round, NaN would pass.
    if not norm <= bound * (1 + _ROUNDING):
        raise BadNumbers(f"a region's norm is over the bound {bound:g} that the noise is made for")


def _rows(numbers: Numbers, output: OutputSpec) -> Numbers:
    return numbers.reshape(len(numbers), output.numbers).astype(np.float64)


def _numbers(steps: Integers, output: OutputSpec) -> Numbers:
    return np.asarray(steps * output.scale, np.float32).reshape(len(steps), *output.shape)
