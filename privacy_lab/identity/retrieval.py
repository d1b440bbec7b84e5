"""Finding a person again: rank-1, rank-5 and the nearest neighbour on a gallery of unseen identities.

A gallery has equally many pictures of each identity, the rest are probes; each seed draws another. Counted
over all identities, or within one primary label: who answers the task knows the label anyhow, so only what
is found beyond it tells of the identity.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial.distance import cdist

from privacy_lab.identity.enough import usable_by_group
from privacy_lab.identity.spaces import Space, spaces_of
from privacy_lab.identity.tally import Seen, Tallies, equal_by_identity, spread, together
from privacy_lab.identity.ties import Doubles, Indices, place_of_true, share_of_nearest

NAME: Final = "retrieval"
RANKS: Final = (1, 5)


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """How the gallery is drawn.

    Attributes:
        each: Gallery pictures of an identity, where it has twice as many; else half of what the identity
            of fewest pictures has.
        pictures: Fewest pictures of an identity that takes part.
    """

    each: int = 10
    pictures: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """Indices of gallery pictures, as many of each identity, and of the probes: all others."""

    gallery: Indices
    probes: Indices


def retrieve(
    seen: Seen, spaces: tuple[Space, ...], seed: int, settings: RetrievalSettings = RetrievalSettings()
) -> Tallies:
    """Look for each probe's identity among the gallery pictures of its own group.

    Args:
        seen: Payloads of unseen identities.
        spaces: Distances to try; none: those fitted on the gallery's own pictures, which who holds a gallery
            has, with their names.
        seed: Which draw.
        settings: How to draw.

    Returns:
        `FIGURE/SPACE/RULE` for the figures rank1, rank5 and (rule picture) nn1, and the rules `picture` (an
        identity is as near as its nearest picture) and `mean` (as its mean payload); beside them
        `FIGURE/chance`, exact for the same draw. Identities weigh the same.

    Raises:
        TooFewIdentities: no group has two identities with pictures enough.
    """
    random = np.random.default_rng([seed, 1])
    parts = usable_by_group(NAME, seen.identities, seen.groups, settings.pictures)
    tallies = [
        _retrieve(seen, part, spaces, draw(seen.identities[part], settings.each, random)) for part in parts
    ]
    return {name: together([tally[name] for tally in tallies]) for name in tallies[0]}


def draw(identities: Indices, each: int, random: np.random.Generator) -> Draw:
    """Draw `each` gallery pictures of every identity, or half of the fewest that one has."""
    counts = np.unique(identities, return_counts=True)[1]
    each = max(1, min(each, int(counts.min()) // 2))
    order = random.permutation(len(identities))
    gallery = np.concatenate([order[identities[order] == name][:each] for name in np.unique(identities)])
    return Draw(gallery, np.setdiff1d(order, gallery))


def _retrieve(seen: Seen, part: Indices, spaces: tuple[Space, ...], drawn: Draw) -> Tallies:
    own = seen.identities[part]
    found: dict[str, Doubles] = {}
    for space in spaces or spaces_of(seen.rows[part][drawn.gallery], own[drawn.gallery]):
        for (figure, rule), values in _hits(space.project(seen.rows[part]), own, drawn):
            found[f"{figure}/{space.name}/{rule}"] = values
    people, probes = len(np.unique(own)), len(drawn.probes)
    found |= {f"rank{k}/chance": np.full(probes, min(k, people) / people) for k in RANKS}
    found["nn1/chance"] = np.full(probes, 1 / people)
    weights, at = equal_by_identity(own[drawn.probes]), part[drawn.probes]
    return {name: spread(len(seen), at, values, weights) for name, values in found.items()}


def _hits(rows: Doubles, own: Indices, drawn: Draw) -> Iterator[tuple[tuple[str, str], Doubles]]:
    size = float(np.abs(rows).max(initial=0.0))
    probes, names = rows[drawn.probes], np.unique(own)
    true = np.searchsorted(names, own[drawn.probes])
    to_pictures = cdist(probes, rows[drawn.gallery])  # [probes, gallery]
    whose = own[drawn.gallery]
    yield ("nn1", "picture"), share_of_nearest(to_pictures, whose[None] == own[drawn.probes][:, None], size)
    # The gallery stands in order of identity, equally many of each: [probes, identities, each].
    by_person = to_pictures.reshape(len(probes), len(names), -1)
    means = rows[drawn.gallery].reshape(len(names), -1, rows.shape[1]).mean(axis=1)
    for rule, distances in (("picture", by_person.min(axis=2)), ("mean", cdist(probes, means))):
        place = place_of_true(distances, true.astype(np.int64), size)
        for k in RANKS:
            yield (f"rank{k}", rule), place.within(k)
