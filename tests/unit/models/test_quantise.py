"""Numbers survive the wire within half a step, and nothing else passes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.errors import BadNumbers, BadPayload
from models.manifest import OutputSpec
from models.quantise import clip, dequantise, quantise

SPECS = {
    "int8": OutputSpec("int8", (3,), 4.0, 4.0 / 127),
    "float16": OutputSpec("float16", (3,), 4.0, 1.0),
    "float32": OutputSpec("float32", (3,), 4.0, 1.0),
}
# Largest error a stored number may have inside ±4: half a step of int8, half a unit in float16's last place.
ERROR = {"int8": 2.0 / 127 + 1e-6, "float16": 2.0**-9, "float32": 0.0}
NUMBERS = arrays(np.float32, (2, 3), elements=st.floats(-1e6, 1e6, width=32))


@pytest.mark.parametrize("dtype", SPECS)
@given(numbers=NUMBERS)
def test_what_comes_back_is_clipped_and_within_half_a_step(dtype: str, numbers: np.ndarray) -> None:
    spec = SPECS[dtype]
    payloads = quantise(numbers, spec)
    assert [len(payload) for payload in payloads] == [spec.region_bytes] * 2
    back = dequantise(payloads, spec)
    assert np.abs(back - np.clip(numbers, -4, 4)).max() <= ERROR[dtype]
    assert np.abs(back).max() <= 4.0 + 1e-6
    # What was read back is stored as the same bytes: caches keyed by bytes stay true.
    assert quantise(back, spec) == payloads


@pytest.mark.parametrize("dtype", SPECS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_on_both_ways(dtype: str, bad: float) -> None:
    numbers = np.array([[0, bad, 0]], np.float32)
    with pytest.raises(BadNumbers, match="NaN or infinite"):
        quantise(numbers, SPECS[dtype])
    if dtype != "int8":
        stored = numbers.astype("<f2" if dtype == "float16" else "<f4").tobytes()
        with pytest.raises(BadPayload, match="outside"):
            dequantise([stored], SPECS[dtype])


@pytest.mark.parametrize("shape", [(3,), (1, 4), (1, 3, 1)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadNumbers, match="shape"):
        clip(np.zeros(shape, np.float32), SPECS["int8"])


@pytest.mark.parametrize("dtype", SPECS)
@given(payload=st.binary(max_size=16))
def test_any_bytes_are_read_within_the_bound_or_refused(dtype: str, payload: bytes) -> None:
    try:
        back = dequantise([payload], SPECS[dtype])
    except BadPayload:
        return
    assert len(payload) == SPECS[dtype].region_bytes
    assert np.abs(back).max() <= 4.0 * 1.001


def test_one_wrong_payload_refuses_its_batch() -> None:
    (good,) = quantise(np.zeros((1, 3), np.float32), SPECS["int8"])
    with pytest.raises(BadPayload, match="2 bytes"):
        dequantise([good, good[:2], good + good[:1]], SPECS["int8"])


def test_the_bytes_are_little_endian_everywhere() -> None:
    (payload,) = quantise(np.array([[1.0, 0, 0]], np.float32), SPECS["float32"])
    assert payload[:4] == b"\x00\x00\x80\x3f"
