"""What a battery of attacks works on: pictures the attacker learns from, and pictures that are attacked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.manifest import Manifest
from privacy_lab.data.catalogue import read_set
from privacy_lab.data.dataset import UNKNOWN, Card, DataSet, Regions
from privacy_lab.data.folders import read_own
from privacy_lab.data.near_copies import group_copies, thumbnails
from privacy_lab.data.regions import join, regions_of
from privacy_lab.data.splits import Indices, by_hash, divide
from privacy_lab.errors import BadData
from privacy_lab.recipe import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Regions for an attacker, none of which is on both sides.

    Attributes:
        auxiliary: What the attacker learns from: the provider's own training data, or half of the client's.
        attacked: What is attacked; never shown to the attacker.
        gallery: Regions of known identities that the extractor never saw; None where no identity is known.
        cards: The data sets, in a few facts each.
    """

    auxiliary: Regions
    attacked: Regions
    gallery: Regions | None
    cards: tuple[Card, ...]


def material_of(manifest: Manifest, folder: Path, recipe: Recipe | None) -> Material:
    """Read what to attack a bundle with.

    With the bundle's recipe, `folder` holds the recipe's data sets. Without, it holds the client's own
    pictures, `<label>/<identity>/*`, `<label>/*` or `<identity>/*`, those of faces cropped as by a detector.

    Raises:
        BadData: a set is missing or not of its format, or there is nothing to attack or to learn from.
    """
    if recipe is None:
        return _own(read_own(folder, manifest.labels), manifest)
    return _provided([read_set(name, folder) for name in recipe.data.sets], manifest, recipe)


def halve(data: DataSet) -> tuple[Indices, Indices]:
    """Divide pictures in two by hash: by identity within a label; without identities, near-copies together.

    Raises:
        BadData: one half would be empty.
    """
    if data.identities:
        keys: Sequence[str] = data.identities
    else:
        keys = [data.names[k] for k in group_copies(thumbnails(data.images))]
    order: list[str] = []
    for label in np.unique(data.labels).tolist():
        order += by_hash(
            [key for key, other in zip(keys, data.labels.tolist(), strict=True) if other == label]
        )
    # Every other one, counted on from label to label: both halves get of each label what there is.
    second = set(order[1::2])
    chosen = np.array([key in second for key in keys], np.bool_)
    if chosen.all() or not chosen.any():
        what = "identity" if data.identities else "picture that is not a near-copy of the others"
        raise BadData(f"{data.card.name}: has one {what}; an attacker learns from some and attacks others")
    return np.flatnonzero(~chosen).astype(np.int64), np.flatnonzero(chosen).astype(np.int64)


def _provided(sets: Sequence[DataSet], manifest: Manifest, recipe: Recipe) -> Material:
    auxiliary, attacked, first = [], [], 0
    for data in sets:
        _refuse_other_labels(data, manifest)
        parts = divide(data, recipe.data)
        known = np.sort(np.concatenate([parts.train, parts.validation]))
        auxiliary.append(regions_of(data, known, manifest.region, manifest.input, first))
        attacked.append(regions_of(data, parts.held_out, manifest.region, manifest.input, first))
        first += data.card.identities
    unseen = join(attacked)
    return _material(join(auxiliary), unseen, unseen, [data.card for data in sets])


def _own(data: DataSet, manifest: Manifest) -> Material:
    known, attacked = (_labelled(data, half, manifest) for half in halve(data))
    # The extractor has seen none of these people, so all of them may be looked for.
    return _material(known, attacked, join([known, attacked]), [data.card])


def _labelled(data: DataSet, indices: Indices, manifest: Manifest) -> Regions:
    regions = regions_of(data, indices, manifest.region, manifest.input)
    # One entry more than there are classes: UNKNOWN, which is -1, picks the last.
    numbers = np.array([*map(manifest.labels.index, data.classes), UNKNOWN], np.int64)
    return Regions(regions.images, numbers[regions.labels], regions.identities)


def _material(auxiliary: Regions, attacked: Regions, gallery: Regions, cards: Sequence[Card]) -> Material:
    if not len(auxiliary) or not len(attacked):
        names = ", ".join(card.name for card in cards)
        raise BadData(
            f"{names}: {len(auxiliary)} pictures to learn from and {len(attacked)} to attack; need both"
        )
    known = np.flatnonzero(gallery.identities != UNKNOWN).astype(np.int64)
    return Material(auxiliary, attacked, gallery.take(known) if len(known) else None, tuple(cards))


def _refuse_other_labels(data: DataSet, manifest: Manifest) -> None:
    if len(data.classes) != len(manifest.labels):
        raise BadData(
            f"{data.card.name}: has {len(data.classes)} classes, but the bundle {manifest.name} answers with "
            f"{len(manifest.labels)} labels. Give the recipe that made the bundle"
        )
