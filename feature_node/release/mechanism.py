"""The promise of a release step: an array that may leave, what happened to it, and what that costs.

Nothing here knows a node or a wire, so that what is attacked in the lab is exactly what is sent.
"""

from typing import Any, Final, NoReturn, Protocol, final

import msgspec
from numpy.typing import NDArray

from feature_node.errors import BadSettings, NoJointGuarantee

Numbers = NDArray[Any]
"""float32 [n, …] until the last step, which stores them as uint8 [n, bytes]."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What one step did to a release.

    Attributes:
        name: The step, as it stands in `Protection.mechanism`.
        bound: What the step bounds is at most this large (a coordinate, or the norm that its name says).
        noise_scale: The scale of added noise, where there is any.
    """

    name: str
    bound: float | None = None
    noise_scale: float | None = None


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the release of one region costs, known before any number is; `Cost()`: nothing is promised.

    Neighbours are any two pictures of one region: the guarantee is local and needs no trusted curator.

    Attributes:
        epsilon_per_coordinate: Privacy loss of one number by itself.
        epsilon_joint: Privacy loss of all numbers of the region together.
        delta: Probability with which the joint loss may be larger; None where it never is.
    """

    epsilon_per_coordinate: float | None = None
    epsilon_joint: float | None = None
    delta: float | None = None

    @property
    def promises(self) -> bool:
        """Whether a guarantee is given at all."""
        return self.epsilon_per_coordinate is not None or self.epsilon_joint is not None


class Mechanism(Protocol):
    """One step: an array that may leave, what happened to it, and what that costs."""

    @property
    def name(self) -> str:
        """The step's name; the same for every array."""
        ...

    @property
    def cost(self) -> Cost:
        """What one region's release costs; the same for every array."""
        ...

    def at(self, epsilon_joint: float) -> "Mechanism":
        """Give the same mechanism with noise for another `epsilon_joint` a region, at the same delta.

        Raises:
            NoJointGuarantee: It adds no noise.
            BadSettings: The amount is not a positive, finite number.
        """
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
    cost: Final = Cost()

    def at(self, epsilon_joint: float) -> NoReturn:
        """See `Mechanism`."""
        no_noise(self.name, epsilon_joint)

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        return numbers, (Event(name=self.name),)


@final
class Chain:
    """Several mechanisms, one after the other; it costs what its one private step does.

    What stands before that step must bound its input, what stands after it is post-processing.
    """

    def __init__(self, *steps: Mechanism) -> None:
        """Join the steps.

        Raises:
            BadSettings: More than one of them adds noise: no one guarantee would describe that.
        """
        private = [step for step in steps if step.cost.promises]
        if len(private) > 1:
            names = " and ".join(step.name for step in private)
            raise BadSettings(f"{names} in one chain: their costs would add up. Keep one of them.")
        self._steps = steps
        self.name: Final = "+".join(step.name for step in steps)
        self.cost: Final = private[0].cost if private else Cost()

    def at(self, epsilon_joint: float) -> "Chain":
        """See `Mechanism`."""
        if not self.cost.promises:
            no_noise(self.name, epsilon_joint)
        return Chain(*(step.at(epsilon_joint) if step.cost.promises else step for step in self._steps))

    def apply(self, numbers: Numbers) -> tuple[Numbers, tuple[Event, ...]]:
        """See `Mechanism`."""
        events: tuple[Event, ...] = ()
        for step in self._steps:
            numbers, more = step.apply(numbers)
            events += more
        return numbers, events


def no_noise(name: str, epsilon_joint: float) -> NoReturn:
    """Refuse to change the noise of a step that adds none.

    Raises:
        NoJointGuarantee: always.
    """
    raise NoJointGuarantee(
        f"{name} adds no noise, so epsilon_joint {epsilon_joint:g} cannot be had of it. "
        "Use a bundle whose manifest has a noise section."
    )
