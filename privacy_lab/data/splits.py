"""Which pictures train, which choose when to stop, and which are only ever measured; by hashes alone."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy_lab.data.dataset import DataSet
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
