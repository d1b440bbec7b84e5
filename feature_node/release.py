"""What is done to numbers before they may leave: steps in a chain, and a record of what each did.

The record says what happened, not what it costs; the cost is the ledger's affair. Nothing here knows a
node or a wire, so that what is attacked in the lab is exactly what is sent.
"""

from typing import Any, Final, Protocol, final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.manifest import OutputSpec
from models.quantise import clip, quantise

Numbers = NDArray[Any]
"""float32 [n, …] until the last step, which stores them as uint8 [n, bytes]."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What one step did to a release.

    Attributes:
        name: The step, as it stands in `Protection.mechanism`.
        bound: Every coordinate is at most this far from zero, where the step sees to that.
        noise_scale: The scale of added noise, where there is any.
    """

    name: str
    bound: float | None = None
    noise_scale: float | None = None


class Mechanism(Protocol):
    """One step: an array that may leave, and what happened to it."""

    @property
    def name(self) -> str:
        """The step's name; the same for every array."""
        ...

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """Give the array after this step, [n, …] of the same n, and the record of it.

        Raises:
            BadNumbers: The array may not leave in any form.
        """
        ...


@final
class NoProtection:
    """Changes nothing, and says so."""

    name: Final = "none"

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        return numbers, (Event(name=self.name),)


@final
class Clip:
    """Bounds every coordinate as the bundle's manifest says; refuses NaN, infinity and other shapes."""

    name: Final = "clip"

    def __init__(self, output: OutputSpec) -> None:
        self._output = output

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        return clip(numbers, self._output), (Event(name=self.name, bound=self._output.clip),)


@final
class Quantise:
    """Stores numbers as the manifest's type: uint8 [n, region_bytes], the very bytes that leave."""

    def __init__(self, output: OutputSpec) -> None:
        self._output = output
        self.name: Final = output.dtype

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        stored = np.frombuffer(b"".join(quantise(numbers, self._output)), np.uint8)
        rows = stored.reshape(len(numbers), self._output.region_bytes)
        return rows, (Event(name=self.name, bound=self._output.clip),)


@final
class Chain:
    """Several mechanisms, one after the other."""

    def __init__(self, *steps: Mechanism) -> None:
        self._steps = steps
        self.name: Final = "+".join(step.name for step in steps)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        events: tuple[Event, ...] = ()
        for step in self._steps:
            numbers, more = step.apply(numbers)
            events += more
        return numbers, events


def payloads(stored: Numbers) -> tuple[bytes, ...]:
    """Give one payload a row of what the last step stored."""
    return tuple(row.tobytes() for row in stored)
