"""Randomised response: one word of a codebook leaves, perhaps another than the nearest."""

import math
from fractions import Fraction
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from feature_node.errors import BadNoise
from feature_node.release.calibration import lie
from feature_node.release.mechanism import Cost, Event, Numbers
from feature_node.release.samplers import Samplers, SystemSamplers
from models.manifest import OutputSpec
from models.quantise import check

_BITS: Final = 128


@final
class CodebookResponse:
    """Sends the nearest of K words with probability e^ε/(e^ε + K - 1), else one of the others, all alike.

    Generalised randomised response: pure epsilon_joint for the region, whatever its numbers are. With one
    word a label it is the reference that noise on numbers is measured against. Chances are compared as
    integers of 128 bits, rounded so that a lie is never rarer than the guarantee needs.
    """

    name: Final = "codebook-response"

    def __init__(
        self,
        codebook: NDArray[np.int8],
        epsilon_joint: float,
        output: OutputSpec,
        samplers: Samplers | None = None,
    ) -> None:
        """Take the words, int8 [K, d], in steps of the output.

        Raises:
            BadNoise: Fewer than two words, words of another length, or no finite epsilon_joint above zero.
        """
        if codebook.ndim != 2 or len(codebook) < 2 or codebook.shape[1] != output.numbers:
            raise BadNoise(f"codebook {codebook.shape} is not 2 or more words of {output.numbers} steps")
        self._codebook = codebook
        self._output = output
        self._samplers = samplers or SystemSamplers()
        self._lies = _threshold(lie(epsilon_joint, len(codebook)))
        self._words: NDArray[Any] = codebook.astype(np.float64) * output.scale
        self.cost: Final = Cost(epsilon_per_coordinate=epsilon_joint, epsilon_joint=epsilon_joint)

    def at(self, epsilon_joint: float) -> "CodebookResponse":
        """See `Mechanism`."""
        return CodebookResponse(self._codebook, epsilon_joint, self._output, self._samplers)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`; refuses NaN, infinity and other shapes."""
        check(numbers, self._output)
        rows = numbers.reshape(len(numbers), self._output.numbers).astype(np.float64)
        chosen = [self._say(int(k)) for k in self._nearest(rows)]
        said = self._words[np.array(chosen, np.int64)].astype(np.float32)
        return said.reshape(numbers.shape), (Event(name=self.name),)

    def _nearest(self, rows: NDArray[np.float64]) -> NDArray[np.int64]:
        # ‖x - c‖² without ‖x‖², which is the same for every word.
        distances = np.square(self._words).sum(axis=1) - 2 * rows @ self._words.T
        return np.asarray(distances.argmin(axis=1), np.int64)

    def _say(self, nearest: int) -> int:
        if self._draw() >= self._lies:
            return nearest
        other = self._draw() % (len(self._codebook) - 1)
        return other + (other >= nearest)

    def _draw(self) -> int:
        return int.from_bytes(self._samplers.entropy(_BITS // 8), "little")


def _threshold(chance: float) -> int:
    """Give the count of 128-bit draws that lie: over the chance by what float and modulo may be under it."""
    return math.ceil(Fraction(chance) * (1 + Fraction(1, 1 << 40)) * (1 << _BITS)) + 1
