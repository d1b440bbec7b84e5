"""From what a loader found to a data set: pictures looked at once, facts counted, what is wrong named."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.pictures import Box, Picture
from privacy_lab.data.dataset import UNKNOWN, Card, DataSet
from privacy_lab.data.pictures import Encoded, Stack, decode
from privacy_lab.data.reading import listed
from privacy_lab.errors import BadData

Place = Callable[[int, int], Box]


@dataclass(frozen=True, slots=True)
class About:
    """Where a data set comes from, and what it may be used for."""

    name: str
    source: str
    terms: str


def filling(height: int, width: int) -> Box:
    """Give the box that fills a picture of this size."""
    return (0, 0, width, height)


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture as its maker stored it, and what he says of it; `place` gives its object's box."""

    name: str
    data: bytes
    label: int = UNKNOWN
    identity: str = ""
    group: str = ""
    part: str = ""
    place: Place = filling


def gather(about: About, classes: Sequence[str], entries: Iterable[Entry]) -> DataSet:
    """Make a data set of encoded pictures; one that cannot be decoded is left out and named in the card.

    Raises:
        BadData: no picture is left, or none of one of the classes, or a box lies outside its picture.
    """
    kept: list[Entry] = []
    boxes: list[Box] = []
    skipped: list[str] = []
    facts = _Facts()
    for entry in entries:
        try:
            picture = decode(entry.data, entry.name)
        except BadData:
            skipped.append(entry.name)
            continue
        facts.add(entry.name, entry.label, picture)
        boxes.append(_inside(entry, picture))
        kept.append(entry)
    labels = np.array([entry.label for entry in kept], np.int64)
    names = tuple(entry.name for entry in kept)
    identities = _given([entry.identity for entry in kept])
    _refuse_gaps(about, classes, labels, skipped)
    return DataSet(
        card=facts.card(about, classes, labels, identities, skipped),
        classes=tuple(classes),
        images=Encoded([entry.data for entry in kept], names),
        labels=labels,
        names=names,
        identities=identities,
        groups=_given([entry.group for entry in kept]),
        boxes=() if all(entry.place is filling for entry in kept) else tuple(boxes),
        parts=_given([entry.part for entry in kept]),
    )


def gather_stack(
    about: About,
    classes: Sequence[str],
    stack: Stack,
    labels: ArrayLike,
    names: Sequence[str],
    *,
    groups: Sequence[str] = (),
    parts: Sequence[str] = (),
    skipped: Sequence[str] = (),
    sample: bool = False,
) -> DataSet:
    """Make a data set of decoded pictures of one size. A `sample` may lack some of the classes.

    Raises:
        BadData: labels and pictures are not one for one, or one of the classes has no picture.
    """
    numbers: NDArray[np.int64] = np.asarray(labels, np.int64)
    if not len(stack) == len(numbers) == len(names):
        raise BadData(f"{about.name}: {len(numbers)} labels for {len(stack)} pictures")
    _refuse_gaps(about, classes, numbers, skipped, sample=sample)
    facts = _Facts()
    for name, label, picture in zip(names, numbers.tolist(), stack.array, strict=True):
        facts.add(name, label, picture)
    return DataSet(
        card=facts.card(about, classes, numbers, (), skipped),
        classes=tuple(classes),
        images=stack,
        labels=numbers,
        names=tuple(names),
        groups=tuple(groups),
        parts=tuple(parts),
    )


class _Facts:
    """Sizes and hash of the pictures seen so far."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._sizes: set[tuple[int, int]] = set()

    def add(self, name: str, label: int, picture: Picture) -> None:
        height, width = picture.shape[:2]
        self._hash.update(f"{name}\0{label}\0{height}\0{width}\0".encode())
        self._hash.update(np.ascontiguousarray(picture).data)
        self._sizes.add((height, width))

    def card(
        self,
        about: About,
        classes: Sequence[str],
        labels: NDArray[np.int64],
        identities: Sequence[str],
        skipped: Sequence[str],
    ) -> Card:
        counts = Counter(labels.tolist())
        return Card(
            name=about.name,
            source=about.source,
            terms=about.terms,
            pictures=len(labels),
            classes={name: counts[label] for label, name in enumerate(classes)},
            identities=len(set(identities) - {""}),
            smallest=min(self._sizes, key=_area),
            largest=max(self._sizes, key=_area),
            sha256=self._hash.hexdigest(),
            skipped=tuple(skipped),
        )


def _area(size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    return size[0] * size[1], size


def _inside(entry: Entry, picture: Picture) -> Box:
    height, width = picture.shape[:2]
    x, y, w, h = entry.place(height, width)
    if w < 1 or h < 1 or x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise BadData(f"{entry.name}: the box {(x, y, w, h)} is not in its {width}×{height} picture")
    return (x, y, w, h)


def _given(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values) if any(values) else ()


def _refuse_gaps(
    about: About,
    classes: Sequence[str],
    labels: NDArray[np.int64],
    skipped: Sequence[str],
    *,
    sample: bool = False,
) -> None:
    unread = f" ({len(skipped)} could not be read: {listed(skipped)})" if skipped else ""
    if not len(labels):
        raise BadData(f"{about.name}: holds none of the pictures that this data set is made of{unread}")
    present = set(labels.tolist())
    strange = present - {UNKNOWN, *range(len(classes))}
    if strange:
        raise BadData(f"{about.name}: label {min(strange)} is none of its {len(classes)} classes")
    missing = [name for label, name in enumerate(classes) if label not in present]
    if missing and not sample:
        raise BadData(f"{about.name}: no picture of {listed(missing)}{unread}. Each class needs some")
