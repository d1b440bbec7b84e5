"""Which faces train, which choose when to stop, and which are only ever measured; decided by hashes alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.faces import Face, decode
from privacy_lab.recipe import DataSpec

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
    return _deal(faces, keys, {key for key in keys if _bucket(key, spec.held_out)}, spec)


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
        chosen = "validation" if _bucket(f"validation {key}", spec.validation) else "train"
        parts["held_out" if key in held_out else chosen].append(face)
    return Split(tuple(parts["train"]), tuple(parts["validation"]), tuple(parts["held_out"]))


def _bucket(key: str, of: int) -> bool:
    return int(_hash(key), 16) % of == 0


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
