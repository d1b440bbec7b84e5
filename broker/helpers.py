"""What a source edge and its helping devices say to each other; private side only.

A helper computes partial outputs of convolution layers (Baccour et al., "DistPrivacy", 2020, Section II): it
gets slices of weights and some feature maps, and never learns of which camera, frame or layer they are.
"""

import hashlib
import math
from typing import Final, Literal

import msgspec

from broker.bounds import MAX_JSON_BYTES, MAX_LABEL, MAX_MAPS_BYTES, MAX_REGIONS, MAX_WEIGHTS_BYTES
from broker.codec import binary_codec, json_codec
from broker.identity import is_name

SCHEMA: Final = 1
DIGEST_BYTES: Final = 32
MAX_MEMORY: Final = 2**50
MAX_RATE: Final = 1e18
MAX_KERNELS: Final = 16
MAX_CHANNELS: Final = 65536
MAX_MAP_SIDE: Final = 4096
MAX_KERNEL_SIDE: Final = 255
_FLOAT_BYTES: Final = 4

Pair = tuple[int, int]
Refusal = Literal["", "no-weights", "wrong-weights", "wrong-shape", "no-memory"]


class HelperCapacity(msgspec.Struct, frozen=True, kw_only=True):
    """What a helper can do; the last will says `offline`.

    Attributes:
        helper: Its name.
        state: Whether it is there.
        run: Tells one start from every other: with a start its weights are gone.
        memory_bytes: Weights that it keeps, at most; m̄ of equation (8b).
        multiplications_per_second: Measured at its start; e of equation (7).
        bytes_per_second: Data rate of its network; ρ of equation (5).
        version: Penumbra's version.
        schema: The schema version.
    """

    helper: str
    state: Literal["online", "offline"]
    run: int = 0
    memory_bytes: int = 0
    multiplications_per_second: float = 0.0
    bytes_per_second: float = 0.0
    version: str = ""
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        if not is_name(self.helper) or len(self.version) > MAX_LABEL:
            raise ValueError("helper is not a name, or version is too long")
        rates = (self.multiplications_per_second, self.bytes_per_second)
        least = 1 if self.state == "online" else 0
        if not all(math.isfinite(rate) and least <= rate <= MAX_RATE for rate in rates):
            raise ValueError("a rate is out of range")
        if not (0 <= self.run < 2**63 and least <= self.memory_bytes <= MAX_MEMORY):
            raise ValueError("run or memory_bytes is out of range")


class Kernel(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The part of one convolution that concerns the maps of a slice.

    Attributes:
        maps_out: Output maps that it adds to.
        size: Rows and columns of the filter.
        strides: By rows and columns, as are the following.
        dilations: Steps between the filter's points.
        pads: Zeros above, left, below and right.
        weights: float32 [maps_out, maps, *size], little-endian.
    """

    maps_out: int
    size: Pair
    strides: Pair
    dilations: Pair
    pads: tuple[int, int, int, int]
    weights: bytes

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        sides = (*self.size, *self.strides, *self.dilations)
        if not (0 < self.maps_out <= MAX_CHANNELS and all(0 < side <= MAX_KERNEL_SIDE for side in sides)):
            raise ValueError("a size of the convolution is out of range")
        if not all(0 <= pad <= MAX_KERNEL_SIDE for pad in self.pads):
            raise ValueError("a pad is out of range")


class HelperWeights(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One slice of weights: all that a helper is told of a layer.

    Attributes:
        helper: Whom it is for.
        digest: SHA-256 of what follows; work names it.
        maps: Feature maps that the slice takes.
        kernels: The convolutions that take them.
    """

    helper: str
    digest: bytes
    maps: int
    kernels: tuple[Kernel, ...]

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        _check_ends(self.helper, self.digest)
        if not (0 < self.maps <= MAX_CHANNELS and 0 < len(self.kernels) <= MAX_KERNELS):
            raise ValueError("number of maps or convolutions is out of range")
        for kernel in self.kernels:
            points = kernel.maps_out * self.maps * math.prod(kernel.size)
            if len(kernel.weights) != points * _FLOAT_BYTES:
                raise ValueError("weights have another length than their shape")

    @property
    def size_bytes(self) -> int:
        """The memory that the weights take; W·b of equation (4), with four bytes a number."""
        return sum(len(kernel.weights) for kernel in self.kernels)


class HelperWork(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Feature maps to be put through a slice.

    Attributes:
        helper: Whom it is for.
        run: Tells one start of the edge from every other.
        task: Counts what the edge hands out in a run; says nothing of a frame.
        digest: Which weights.
        shape: Regions, maps, rows and columns.
        maps: float32 of that shape, little-endian.
    """

    helper: str
    run: int
    task: int
    digest: bytes
    shape: tuple[int, int, int, int]
    maps: bytes

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        _check_ends(self.helper, self.digest)
        _check_task(self.run, self.task)
        _check_array(self.shape, self.maps)


class Sum(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The partial output of one convolution: float32 [regions, maps_out, rows, columns], little-endian."""

    shape: tuple[int, int, int, int]
    values: bytes

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        _check_array(self.shape, self.values)


class HelperPartial(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a helper made of its work, or why it made nothing.

    Attributes:
        helper: Who made it.
        run: As in the work, as are `task`.
        task: As in the work.
        digest: The weights that were used.
        sums: One a convolution of the slice; none where it was refused.
        seconds: Time that the computing took.
        refused: A fixed word; empty where it was done.
    """

    helper: str
    run: int
    task: int
    digest: bytes
    sums: tuple[Sum, ...] = ()
    seconds: float = 0.0
    refused: Refusal = ""

    def __post_init__(self) -> None:
        """Refuse values out of bounds."""
        _check_ends(self.helper, self.digest)
        _check_task(self.run, self.task)
        if len(self.sums) > MAX_KERNELS or bool(self.sums) == bool(self.refused):
            raise ValueError("there are too many sums, none without a refusal, or some with one")
        if not (math.isfinite(self.seconds) and self.seconds >= 0):
            raise ValueError("seconds is not a number of at least 0")


def digest_of(maps: int, kernels: tuple[Kernel, ...]) -> bytes:
    """Name a slice by all that it holds: SHA-256, so that other weights have another name."""
    return hashlib.sha256(msgspec.msgpack.encode((maps, kernels))).digest()


def _check_ends(helper: str, digest: bytes) -> None:
    if not is_name(helper) or len(digest) != DIGEST_BYTES:
        raise ValueError("helper is not a name, or digest is no SHA-256")


def _check_task(run: int, task: int) -> None:
    if not (0 <= run < 2**63 and 0 <= task < 2**63):
        raise ValueError("run or task is out of range")


def _check_array(shape: tuple[int, int, int, int], data: bytes) -> None:
    regions, maps, rows, columns = shape
    fits = 0 < regions <= MAX_REGIONS and 0 < maps <= MAX_CHANNELS
    if not (fits and 0 < rows <= MAX_MAP_SIDE and 0 < columns <= MAX_MAP_SIDE):
        raise ValueError("a shape is out of range")
    if len(data) != math.prod(shape) * _FLOAT_BYTES:
        raise ValueError("an array has another length than its shape")


encode_capacity, decode_capacity = json_codec(HelperCapacity, version=SCHEMA, max_bytes=MAX_JSON_BYTES)
encode_weights, decode_weights = binary_codec(
    HelperWeights, kind="W", version=SCHEMA, max_bytes=MAX_WEIGHTS_BYTES
)
encode_work, decode_work = binary_codec(HelperWork, kind="T", version=SCHEMA, max_bytes=MAX_MAPS_BYTES)
encode_partial, decode_partial = binary_codec(
    HelperPartial, kind="O", version=SCHEMA, max_bytes=MAX_MAPS_BYTES
)
