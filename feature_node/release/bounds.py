"""Bounds on what one region's numbers can be, so that noise can be measured against them."""

from typing import Final, NoReturn, final

from feature_node.release.mechanism import Cost, Event, Numbers, no_noise
from models.manifest import OutputSpec
from models.quantise import clip


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
