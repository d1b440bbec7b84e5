"""Which auxiliary regions an attacker sets aside to see how well he does; whole identities where known."""

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.errors import AttackImpossible

Indices = NDArray[np.int64]


def set_aside(auxiliary: Regions, share: float, seed: int) -> tuple[Indices, Indices]:
    """Give the indices to learn from and those set aside, about `share` of all and at least one.

    All regions of an identity go to one side, or the attacker would judge himself by people he has learnt.
    With a single identity, regions are dealt one by one.

    Raises:
        AttackImpossible: There are not two regions, one for each side.
    """
    if len(auxiliary) < 2:
        raise AttackImpossible(f"an attacker learns from regions of his own; {len(auxiliary)} are too few")
    groups = _groups(auxiliary)
    order = np.random.default_rng([seed, 11]).permutation(len(groups))
    aside: list[NDArray[np.int64]] = []
    for number in order[: max(1, len(groups) - 1)]:
        if sum(map(len, aside)) >= share * len(auxiliary):
            break
        aside.append(groups[number])
    chosen = np.sort(np.concatenate(aside)) if aside else np.zeros(0, np.int64)
    return np.setdiff1d(np.arange(len(auxiliary)), chosen), chosen


def _groups(auxiliary: Regions) -> list[Indices]:
    identities = auxiliary.identities
    known = np.unique(identities[identities != UNKNOWN])
    alone = np.flatnonzero(identities == UNKNOWN)
    if len(known) + len(alone) < 2:
        alone, known = np.arange(len(auxiliary)), known[:0]
    return [np.flatnonzero(identities == person) for person in known] + [
        alone[k : k + 1] for k in range(len(alone))
    ]
