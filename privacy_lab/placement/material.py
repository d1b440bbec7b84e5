"""The pictures of a measurement: those the network and its attackers learn from, and those attacked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from models.manifest import InputSpec, RegionSpec
from privacy_lab.data.catalogue import read_set
from privacy_lab.data.dataset import Card, DataSet, Regions
from privacy_lab.data.material import Material
from privacy_lab.data.regions import join, regions_of
from privacy_lab.data.splits import Indices, divide
from privacy_lab.errors import BadData
from privacy_lab.placement.effort import Effort
from privacy_lab.recipe import DataSpec, digest_of

_WHOLE: Final = RegionSpec("whole")
_FEWEST: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Pictures of one size, none of them in both parts.

    Attributes:
        auxiliary: What is learnt from.
        attacked: Never learnt from.
        labels: How many labels there are.
        called: The sets, in words.
        key: Differs for other pictures.
    """

    auxiliary: Regions
    attacked: Regions
    labels: int
    called: str
    key: str


def read_pictures(sets: Sequence[str], folder: Path, size: InputSpec, effort: Effort) -> Pictures:
    """Read data sets and divide each as its makers did, or by identity, track or picture.

    Raises:
        BadData: a set is missing, not of its format, or sets have other labels than each other.
    """
    read = [read_set(name, folder) for name in sets]
    classes = {data.classes for data in read}
    if len({len(names) for names in classes}) > 1:
        raise BadData(f"{', '.join(sets)}: have different labels; measure them one by one")
    spec = DataSpec(tuple(sets), held_out=5, validation=100, identities_each=2)
    parts = [divide(data, spec) for data in read]
    share = len(read)
    return _pictures(
        join([_cut(d, p.train, effort.auxiliary // share, size) for d, p in zip(read, parts, strict=True)]),
        join([_cut(d, p.held_out, effort.attacked // share, size) for d, p in zip(read, parts, strict=True)]),
        len(read[0].classes),
        _called([data.card for data in read]),
        [data.card.sha256 for data in read],
    )


def pictures_of_bundle(material: Material, labels: int, effort: Effort) -> Pictures:
    """Take what a bundle is attacked with, as many as may be spent on."""
    auxiliary, attacked = (
        regions.take(_some(np.arange(len(regions)), most))
        for regions, most in ((material.auxiliary, effort.auxiliary), (material.attacked, effort.attacked))
    )
    keys = [card.sha256 for card in material.cards]
    return _pictures(auxiliary, attacked, labels, _called(material.cards), keys)


def _pictures(
    auxiliary: Regions, attacked: Regions, labels: int, called: str, keys: Sequence[str]
) -> Pictures:
    if len(auxiliary) < _FEWEST or not len(attacked):
        raise BadData(
            f"{called}: {len(auxiliary)} pictures to learn from and {len(attacked)} to attack; need more"
        )
    return Pictures(auxiliary, attacked, labels, called, digest_of(keys, len(auxiliary), len(attacked)))


def _called(cards: Sequence[Card]) -> str:
    return ", ".join(card.name.partition(",")[0] for card in cards)


def _cut(data: DataSet, indices: Indices, most: int, size: InputSpec) -> Regions:
    return regions_of(data, _some(indices, most), _WHOLE, size)


def _some(indices: Indices, most: int) -> Indices:
    """Draw up to `most`, the same ones always, in an order of no meaning."""
    return np.asarray(np.random.default_rng(31).permutation(indices)[:most], np.int64)
