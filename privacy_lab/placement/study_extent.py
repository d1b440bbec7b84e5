"""How much a study of placements tries, and the networks and sites that it tries it on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from feature_node.placement.privacy import caps_of
from privacy_lab.networks.spec import NetworkName
from privacy_lab.placement.networks import SIMULATED, planned, published_table
from privacy_lab.placement.simulator import Subject

THRIFT: Final = 4.0
SCARCE: Final = {"stm32h7": 70, "rpi3": 30}
FLEETS: Final[tuple[dict[str, int], ...]] = (
    {"rpi3": 100},
    SCARCE,
    {"rpi3": 34, "nexus5": 33, "stm32h7": 33},
)


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a study tries.

    Attributes:
        requests: Of each simulation.
        instances: Small instances whose best placement is proved.
        repeats: Times that each decision is timed.
        seconds: How long the exact solver may take for one answer.
        seed: Decides every random choice.
    """

    requests: int
    instances: int
    repeats: int
    seconds: float
    seed: int


@cache
def subject_of(name: NetworkName, ssim: float) -> Subject:
    """Give a network with the caps that Table I of the paper allows at a level of privacy."""
    network = planned(name, SIMULATED[name])
    return Subject(network, caps_of(published_table(network), network, ssim))


def lawful(names: Sequence[NetworkName], ssim: float) -> tuple[list[Subject], tuple[str, ...]]:
    """Give the networks that Table I lets be placed, and the names of those that it does not."""
    made = [subject_of(name, ssim) for name in names]
    allowed = [subject for subject in made if _may_be_seen(subject)]
    return allowed, tuple(subject.network.name for subject in made if not _may_be_seen(subject))


def _may_be_seen(subject: Subject) -> bool:
    convolutions = zip(subject.network.layers[1:-1], subject.caps.most[1:-1], strict=True)
    return all(most > 0 for layer, most in convolutions if layer.kind == "conv")
