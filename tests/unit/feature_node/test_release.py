"""What is done to numbers before they leave, and that the gate's contract follows from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feature_node.protect import NumbersProtection, PictureProtection, contract_of
from feature_node.release import Chain, Clip, Event, NoProtection, Quantise, payloads
from models.errors import BadNumbers
from models.manifest import OutputSpec
from models.quantise import dequantise, quantise
from tests.unit.feature_node.fakes import OUTPUT, PROFILE

finite = hnp.arrays(np.float32, st.tuples(st.integers(0, 5), st.just(4)), elements=st.floats(-9, 9, width=32))


@given(finite)
def test_the_chain_makes_exactly_the_bytes_that_the_manifest_asks_for(numbers):
    stored, events = Chain(Clip(OUTPUT), Quantise(OUTPUT)).apply(numbers)
    assert payloads(stored) == tuple(quantise(numbers, OUTPUT))
    assert [event.name for event in events] == ["clip", "int8"]
    if len(numbers):
        read = dequantise(payloads(stored), OUTPUT)
        assert np.abs(read - np.clip(numbers, -1.27, 1.27)).max() <= OUTPUT.scale / 2 + 1e-6


@pytest.mark.parametrize("dtype", ["int8", "float16", "float32"])
def test_the_name_of_the_chain_says_what_is_stored(dtype):
    output = OutputSpec(dtype, (4,), 1.0, 1 / 127 if dtype == "int8" else 1.0)
    chain = Chain(NoProtection(), Clip(output), Quantise(output))
    assert chain.name == f"none+clip+{dtype}"
    stored, _ = chain.apply(np.ones((2, 4), np.float32))
    assert {len(payload) for payload in payloads(stored)} == {output.region_bytes}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_stops_the_chain(bad):
    numbers = np.array([[0, 0, bad, 0]], np.float32)
    with pytest.raises(BadNumbers):
        Chain(Clip(OUTPUT), Quantise(OUTPUT)).apply(numbers)


def test_each_step_says_what_it_bounded():
    _, events = Clip(OUTPUT).apply(np.zeros((1, 4), np.float32))
    assert events == (Event(name="clip", bound=OUTPUT.clip),)


def test_the_contract_follows_from_the_profile_and_the_steps():
    contract = contract_of(PROFILE, NumbersProtection(Chain(Clip(OUTPUT), Quantise(OUTPUT))))
    assert (contract.kind, contract.region_bytes, contract.mechanism) == ("embedding", 4, "clip+int8")
    assert PictureProtection("mosaic").name == "shade-mosaic"
