"""Numbers to bytes of a fixed length and back, exactly as the manifest's output says; pure functions."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.errors import BadNumbers, BadPayload
from models.manifest import OutputSpec

Floats = NDArray[np.float32]

# Little-endian on every machine: the two sides may differ.
_STORED: Final[dict[str, np.dtype[Any]]] = {
    "int8": np.dtype("i1"),
    "float16": np.dtype("<f2"),
    "float32": np.dtype("<f4"),
}


def check(numbers: Floats, output: OutputSpec) -> None:
    """Refuse what is not finite numbers [n, *shape].

    Raises:
        BadNumbers: another shape, or a number that is NaN or infinite: it must not leave.
    """
    if numbers.ndim != 1 + len(output.shape) or numbers.shape[1:] != output.shape:
        raise BadNumbers(f"the extractor gave shape {numbers.shape}, its manifest says [n, {output.shape}]")
    if not np.isfinite(numbers).all():
        raise BadNumbers("the extractor gave a number that is NaN or infinite")


def clip(numbers: Floats, output: OutputSpec) -> Floats:
    """Bound every coordinate to ±clip; float32 [n, *shape] in and out.

    Raises:
        BadNumbers: as `check`.
    """
    check(numbers, output)
    return np.clip(numbers, -output.clip, output.clip).astype(np.float32)


def quantise(numbers: Floats, output: OutputSpec) -> list[bytes]:
    """Store numbers [n, *shape] as n payloads of exactly `output.region_bytes` bytes.

    Raises:
        BadNumbers: as `clip`.
    """
    bounded = clip(numbers, output)
    if output.dtype == "int8":
        bounded = np.clip(np.rint(bounded / np.float32(output.scale)), -127, 127)
    stored = bounded.astype(_STORED[output.dtype])
    return [row.tobytes() for row in stored]


def dequantise(payloads: Sequence[bytes], output: OutputSpec) -> Floats:
    """Read n payloads back as float32 [n, *shape].

    Raises:
        BadPayload: a wrong length, or a number that `quantise` cannot have written.
    """
    for payload in payloads:
        if len(payload) != output.region_bytes:
            raise BadPayload(f"a payload of {len(payload)} bytes; this bundle's have {output.region_bytes}")
    stored = np.frombuffer(b"".join(payloads), dtype=_STORED[output.dtype])
    numbers = stored.astype(np.float32).reshape(len(payloads), *output.shape)
    if output.dtype == "int8":
        numbers = numbers * np.float32(output.scale)
    # Half a step of slack: rounding to the stored type may pass the bound by that much. NaN fails it too.
    slack = output.scale / 2 if output.dtype == "int8" else output.clip * 1e-3
    if not bool((np.abs(numbers) <= output.clip + slack).all()):
        raise BadPayload(f"a number is outside ±{output.clip:g}, where this bundle's extractor clips")
    return numbers
