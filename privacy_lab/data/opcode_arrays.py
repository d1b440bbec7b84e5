"""A numpy array made from the parts in which numpy stores it in a pickle file, each part checked."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_KINDS: Final = frozenset({"b1", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8"})
_ORDERS: Final = frozenset({"|", "<", ">", "="})


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """What an array's items are: `code` as in "u1", `order` of the bytes as in "<"."""

    code: str
    order: str = "|"


@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """An array of which nothing has been stated yet."""


def kind_of(code: object, *_: object) -> Kind:
    """Give the kind of this code.

    Raises:
        ValueError: items are other than numbers.
    """
    text = code.decode("latin-1") if isinstance(code, bytes) else code
    if text not in _KINDS:
        raise ValueError(f"an array of {text!r}, which are not plain numbers")
    return Kind(str(text))


def kind_from(kind: Kind, state: Any) -> Kind:
    """Give the kind with the byte order that stands second in its stored state.

    Raises:
        ValueError: there is none.
    """
    order = state[1].decode("latin-1") if isinstance(state[1], bytes) else state[1]
    if order not in _ORDERS:
        raise ValueError(f"the byte order {order!r}")
    return Kind(kind.code, order)


def array_from(blank: object, state: Any) -> NDArray[Any]:
    """Give the array of a stored state: (version, shape, kind, whether columns come first, bytes).

    Raises:
        ValueError: a part is of another type, or shape and bytes do not belong together.
    """
    _, shape, kind, columns_first, data = state
    raw = data.encode("latin-1") if isinstance(data, str) else data
    sides_known = isinstance(shape, tuple) and all(isinstance(side, int) and side >= 0 for side in shape)
    if not (isinstance(blank, Blank) and isinstance(kind, Kind) and isinstance(raw, bytes) and sides_known):
        raise ValueError("an array that is not stored as numpy stores numbers")
    items = np.dtype(("" if kind.order == "|" else kind.order) + kind.code)
    if math.prod(shape) * items.itemsize != len(raw):
        raise ValueError(f"an array of shape {shape} with {len(raw)} bytes")
    return np.frombuffer(raw, items).reshape(shape, order="F" if columns_first else "C")
