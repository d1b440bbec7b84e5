"""The last step: numbers become the very bytes that leave."""

from typing import Final, NoReturn, final

import numpy as np

from feature_node.release.mechanism import Cost, Event, Numbers, no_noise
from models.manifest import OutputSpec
from models.quantise import quantise


@final
class Quantise:
    """Stores numbers as the manifest's type: uint8 [n, region_bytes], the very bytes that leave."""

    cost: Final = Cost()

    def __init__(self, output: OutputSpec) -> None:
        self._output = output
        self.name: Final = output.dtype

    def at(self, epsilon_joint: float) -> NoReturn:
        """See `Mechanism`."""
        no_noise(self.name, epsilon_joint)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        stored = np.frombuffer(b"".join(quantise(numbers, self._output)), np.uint8)
        rows = stored.reshape(len(numbers), self._output.region_bytes)
        return rows, (Event(name=self.name, bound=self._output.clip),)


def payloads(stored: Numbers) -> tuple[bytes, ...]:
    """Give one payload a row of what the last step stored."""
    return tuple(row.tobytes() for row in stored)
