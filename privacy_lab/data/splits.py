"""Which pictures train, which choose when to stop, and which are only ever measured; by hashes alone."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.dataset import DataSet
from privacy_lab.data.faces import Face, decode
from privacy_lab.errors import BadData
from privacy_lab.recipe import DataSpec

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Division:
    """Three parts of a data set, int64 indices each, that share no picture, identity held out, or group."""

    train: Indices
    validation: Indices
    held_out: Indices


def divide(data: DataSet, spec: DataSpec) -> Division:
    """Divide a data set, the same way for the same names wherever and however often it is read.

    Held out is the official test part where the makers defined one; else `spec.identities_each` whole
    identities a label where identities are known; else one group (of a track's pictures, of a photograph's
    copies; a picture alone) in `spec.held_out`. One group in `spec.validation` of the rest validates: it
    only chooses when to stop, and identities are too few to spare.

    Raises:
        BadData: a label has too few identities to hold some out and train on others.
    """
    keys = data.groups or data.names
    if data.parts:
        held_out = [part == "test" for part in data.parts]
    elif data.identities:
        unseen = _unseen(data, spec.identities_each)
        held_out = [identity in unseen for identity in data.identities]
    else:
        held_out = [one_in(key, spec.held_out) for key in keys]
    # Another hash than the held-out part's, or the two choices would follow each other.
    checks = [one_in(f"validation {key}", spec.validation) for key in keys]
    apart, checked = np.array(held_out, np.bool_), np.array(checks, np.bool_)
    return Division(_where(~apart & ~checked), _where(~apart & checked), _where(apart))


def by_hash(names: Collection[str]) -> list[str]:
    """Give the different names in an order that depends on nothing but each name."""
    return sorted(set(names), key=_hash)


def one_in(key: str, of: int) -> bool:
    """Choose one key in `of`, the same ones always."""
    return int(_hash(key), 16) % of == 0


def _unseen(data: DataSet, each: int) -> set[str]:
    unseen: set[str] = set()
    known: Sequence[tuple[int, str]] = list(zip(data.labels.tolist(), data.identities, strict=True))
    for label in sorted({label for label, _ in known}):
        names = by_hash([identity for other, identity in known if other == label])
        if len(names) <= each:
            raise BadData(
                f"{data.card.name}: {len(names)} identities with label {label}; holding out {each} of them "
                f"leaves none to train on. Lower identities_each, or give more identities"
            )
        unseen.update(names[:each])
    return unseen


def _where(chosen: NDArray[np.bool_]) -> Indices:
    return np.flatnonzero(chosen).astype(np.int64)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


# Two pictures this alike (correlation of 16 × 16 grey pixels) are one photograph published twice.
_SAME: Final = 0.95
_SIDE: Final = 16


@dataclass(frozen=True, slots=True)
class Split:
    """Faces that share no identity, and no near-copy of one photograph, between the three parts."""

    train: tuple[Face, ...]
    validation: tuple[Face, ...]
    held_out: tuple[Face, ...]


def split_by_picture(faces: Sequence[Face], spec: DataSpec) -> Split:
    """Hold out one picture in `spec.held_out` where identities are unknown; near-copies go together."""
    keys = [faces[k].name for k in group_copies(thumbnails(faces))]
    return _deal(faces, keys, {key for key in keys if one_in(key, spec.held_out)}, spec)


def split_by_identity(faces: Sequence[Face], spec: DataSpec) -> Split:
    """Hold out all pictures of `spec.identities_each` identities a label, those of the lowest hashes."""
    unseen: set[str] = set()
    for label in {face.label for face in faces}:
        names = sorted({face.identity for face in faces if face.label == label}, key=_hash)
        unseen.update(names[: spec.identities_each])
    # Validation is dealt by picture: it only chooses when to stop, and identities are too few to spare.
    held_out = [face for face in faces if face.identity in unseen]
    rest = [face for face in faces if face.identity not in unseen]
    dealt = _deal(rest, [face.name for face in rest], set(), spec)
    return Split(dealt.train, dealt.validation, tuple(held_out))


def thumbnails(faces: Sequence[Face]) -> NDArray[np.float32]:
    """Give each face as 256 grey values of mean 0 and length 1: float32 [n, 256]."""
    rows = []
    for face in faces:
        grey = cv2.cvtColor(decode(face), cv2.COLOR_RGB2GRAY)
        row = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        row -= row.mean()
        rows.append(row / max(float(np.linalg.norm(row)), 1e-6))
    return np.stack(rows).astype(np.float32)


def group_copies(rows: NDArray[np.float32]) -> list[int]:
    """Give for each row the lowest index that it is a near-copy of, through others if need be."""
    group = list(range(len(rows)))
    alike = np.argwhere(np.triu(rows @ rows.T > _SAME, 1))
    for first, second in alike:
        low, high = sorted((group[int(first)], group[int(second)]))
        group = [low if member == high else member for member in group]
    return group


def _deal(faces: Sequence[Face], keys: Sequence[str], held_out: set[str], spec: DataSpec) -> Split:
    parts: dict[str, list[Face]] = {"train": [], "validation": [], "held_out": []}
    for face, key in zip(faces, keys, strict=True):
        # Another hash than the held-out part's, or the two choices would follow each other.
        chosen = "validation" if one_in(f"validation {key}", spec.validation) else "train"
        parts["held_out" if key in held_out else chosen].append(face)
    return Split(tuple(parts["train"]), tuple(parts["validation"]), tuple(parts["held_out"]))
