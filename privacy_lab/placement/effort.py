"""How much is spent on attacking maps: brief for a look on a CPU, full for figures to rely on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Budget = Literal["brief", "full"]


@dataclass(frozen=True, slots=True)
class Effort:
    """What may be spent on one network.

    Attributes:
        auxiliary: Most pictures the attacker learns from.
        aside: How many of those he judges himself by.
        attacked: Most pictures that are attacked.
        width: Channels of the decoder's widest grid.
        shared: Pictures shown to the decoder of any subset, repetitions counted.
        tuned: Pictures shown to the decoder of one subset, which begins as that of any.
        inverse: Pictures shown to the inverse network of He et al. where it is linear; a sixteenth else.
        inverse_rate: Adam's learning rate for it; 1e-3 as published where there is time for it.
        subsets: Random subsets of each size among which the most telling is looked for.
        spread: Subsets of each size that are attacked by decoders of their own.
        learning: Epochs in which the network itself learns its labels; None: as few as its setting says.
        every: Whether all layers are attacked, or the network's telling ones.
    """

    auxiliary: int
    aside: int
    attacked: int
    width: int
    shared: int
    tuned: int
    inverse: int
    inverse_rate: float
    subsets: int
    spread: int
    learning: int | None
    every: bool


EFFORTS: Final[Mapping[Budget, Effort]] = {
    "brief": Effort(
        auxiliary=2400,
        aside=64,
        attacked=128,
        width=16,
        shared=6_000,
        tuned=1_000,
        inverse=12_000,
        inverse_rate=5e-3,
        subsets=12,
        spread=1,
        learning=None,
        every=False,
    ),
    "full": Effort(
        auxiliary=20_000,
        aside=512,
        attacked=1_000,
        width=48,
        shared=400_000,
        tuned=100_000,
        inverse=800_000,
        inverse_rate=1e-3,
        subsets=64,
        spread=3,
        learning=30,
        every=True,
    ),
}
