"""Which identities have pictures enough for an attack, and a clear refusal where they are too few."""

from typing import Final

import numpy as np

from privacy_lab.data.dataset import UNKNOWN
from privacy_lab.errors import TooFewIdentities
from privacy_lab.identity.ties import Indices

_FEWEST: Final = 2


def usable(attack: str, identities: Indices, pictures: int) -> Indices:
    """Give the indices of pictures of identities that have at least `pictures` pictures each.

    Args:
        attack: Name of the attack, for the refusal.
        identities: int64 [n], `UNKNOWN` where nobody knows.
        pictures: How many pictures of one identity the attack needs.

    Raises:
        TooFewIdentities: fewer than two identities are left.
    """
    names, counts = np.unique(identities[identities != UNKNOWN], return_counts=True)
    enough = names[counts >= pictures]
    if len(enough) < _FEWEST:
        raise TooFewIdentities(attack, pictures=pictures, found=len(enough), of=len(names), needed=_FEWEST)
    return np.flatnonzero(np.isin(identities, enough)).astype(np.int64)


def usable_by_group(attack: str, identities: Indices, groups: Indices, pictures: int) -> tuple[Indices, ...]:
    """Give `usable` of each group apart, without the groups that have too few identities.

    Raises:
        TooFewIdentities: no group has two identities with that many pictures.
    """
    parts, most = [], 0
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        try:
            parts.append(own[usable(attack, identities[own], pictures)])
        except TooFewIdentities as error:
            most = max(most, error.found)
    if not parts:
        known = len(np.unique(identities[identities != UNKNOWN]))
        raise TooFewIdentities(attack, pictures=pictures, found=most, of=known, needed=_FEWEST)
    return tuple(parts)
