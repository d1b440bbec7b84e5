"""What is done to numbers before they leave, and that the gate's contract follows from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from msgspec.structs import replace

from broker.features import Protection
from feature_node.errors import BadSettings, NoJointGuarantee
from feature_node.protect import NumbersProtection, PictureProtection, contract_of, protection_of
from feature_node.release.bounds import ClipCoordinates
from feature_node.release.calibration import cost_of
from feature_node.release.chains import chain_of
from feature_node.release.mechanism import Chain, Cost, Event, NoProtection
from feature_node.release.storing import Quantise, payloads
from models.errors import BadNumbers
from models.manifest import NoiseSpec, OutputSpec
from models.quantise import dequantise, quantise
from tests.unit.feature_node.fakes import OUTPUT, PROFILE

finite = hnp.arrays(np.float32, st.tuples(st.integers(0, 5), st.just(4)), elements=st.floats(-9, 9, width=32))


@given(finite)
def test_the_chain_makes_exactly_the_bytes_that_the_manifest_asks_for(numbers):
    stored, events = chain_of(OUTPUT).apply(numbers)
    assert payloads(stored) == tuple(quantise(numbers, OUTPUT))
    assert [event.name for event in events] == ["clip", "int8"]
    if len(numbers):
        read = dequantise(payloads(stored), OUTPUT)
        assert np.abs(read - np.clip(numbers, -1.27, 1.27)).max() <= OUTPUT.scale / 2 + 1e-6


@pytest.mark.parametrize("dtype", ["int8", "float16", "float32"])
def test_the_name_of_the_chain_says_what_is_stored(dtype):
    output = OutputSpec(dtype, (4,), 1.0, 1 / 127 if dtype == "int8" else 1.0)
    chain = Chain(NoProtection(), ClipCoordinates(output), Quantise(output))
    assert chain.name == f"none+clip+{dtype}"
    stored, _ = chain.apply(np.ones((2, 4), np.float32))
    assert {len(payload) for payload in payloads(stored)} == {output.region_bytes}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_stops_the_chain(bad):
    numbers = np.array([[0, 0, bad, 0]], np.float32)
    with pytest.raises(BadNumbers):
        chain_of(OUTPUT).apply(numbers)


def test_each_step_says_what_it_bounded():
    _, events = ClipCoordinates(OUTPUT).apply(np.zeros((1, 4), np.float32))
    assert events == (Event(name="clip", bound=OUTPUT.clip),)


def test_the_contract_follows_from_the_profile_and_the_steps():
    contract = contract_of(PROFILE, NumbersProtection(chain_of(OUTPUT)))
    assert (contract.kind, contract.region_bytes, contract.mechanism) == ("embedding", 4, "clip+int8")
    assert PictureProtection("mosaic").name == "shade-mosaic"


def test_a_chain_without_noise_promises_nothing_and_has_no_amount_to_change():
    chain = chain_of(OUTPUT)
    assert chain.cost == Cost()
    assert not chain.cost.promises
    for step in (chain, NoProtection(), ClipCoordinates(OUTPUT), Quantise(OUTPUT)):
        with pytest.raises(NoJointGuarantee, match="epsilon_joint 8 cannot be had"):
            step.at(8.0)


class Noisy:
    name = "noisy"

    def __init__(self, epsilon_joint=2.0):
        self.cost = Cost(epsilon_per_coordinate=epsilon_joint, epsilon_joint=epsilon_joint)

    def at(self, epsilon_joint):
        return Noisy(epsilon_joint)

    def apply(self, numbers):
        return numbers, ()


def test_a_chain_costs_what_its_one_private_step_does():
    chain = Chain(ClipCoordinates(OUTPUT), Noisy(), Quantise(OUTPUT))
    assert chain.cost == Noisy().cost
    assert (chain.at(0.5).name, chain.at(0.5).cost.epsilon_joint) == (chain.name, 0.5)
    with pytest.raises(BadSettings, match="noisy and noisy in one chain"):
        Chain(Noisy(), Noisy())


def test_a_message_costs_jointly_what_its_regions_do_together():
    assert protection_of("x", Cost(), 3) == Protection("x")
    cost = Cost(epsilon_per_coordinate=0.5, epsilon_joint=4.0)
    assert protection_of("x", cost, 3) == Protection("x", 0.5, 12.0)
    assert protection_of("x", cost, 0) == Protection("x", 0.5, 0.0)
    approximate = Cost(epsilon_per_coordinate=4.0, epsilon_joint=4.0, delta=1e-5)
    assert protection_of("x", approximate, 3) == Protection("x", 4.0, 12.0, 3 * 1e-5)


INT8 = OutputSpec("int8", (8,), 4.0, 4 / 127)
FLOAT = OutputSpec("float32", (4, 2, 2), 4.0, 1.0)
PUBLISHED = NoiseSpec(mechanism="laplace", bound=3.0, epsilon_per_coordinate=2.0, nullified=0.05)
L1 = NoiseSpec(mechanism="laplace-l1", bound=3.0, epsilon_joint=8.0)
L2 = NoiseSpec(mechanism="gaussian-l2", bound=3.0, epsilon_joint=8.0, delta=1e-5)
RESPONSE = NoiseSpec(mechanism="response", epsilon_joint=8.0, codebook=((99,) * 8, (-99,) * 8))
NOISY = [
    (INT8, PUBLISHED, "clip-inf+laplace-per-coordinate+int8"),
    (FLOAT, PUBLISHED, "clip-inf+laplace-per-coordinate+float32"),
    (INT8, L1, "clip-l1+laplace+int8"),
    (INT8, L2, "clip-l2+gaussian+int8"),
    (INT8, RESPONSE, "clip+codebook-response+int8"),
]


@pytest.mark.parametrize(("output", "noise", "name"), NOISY)
def test_noise_is_added_where_the_manifest_asks_for_it_and_read_at_the_other_side(output, noise, name):
    chain = chain_of(output, noise)
    assert chain.name == name
    assert chain.cost == cost_of(noise, output.numbers)
    far = np.random.default_rng(0).normal(0, 100, (50, *output.shape)).astype(np.float32)
    stored, events = chain.apply(far)
    assert [event.name for event in events] == name.split("+")
    read = dequantise(payloads(stored), output)
    assert read.shape == far.shape
    assert np.abs(read).max() <= output.clip * (1 + 1e-6)
    again = dequantise(payloads(chain.apply(far)[0]), output)
    assert noise is RESPONSE or not np.array_equal(read, again)


@pytest.mark.parametrize(("output", "noise", "name"), NOISY)
def test_what_is_not_a_number_gets_no_noise_but_a_refusal(output, noise, name):
    for bad in (np.nan, np.inf, -np.inf):
        numbers = np.zeros((2, *output.shape), np.float32)
        numbers[1].flat[3] = bad
        with pytest.raises(BadNumbers, match="NaN or infinite"):
            chain_of(output, noise).apply(numbers)
    with pytest.raises(BadNumbers, match="shape"):
        chain_of(output, noise).apply(np.zeros((2, 5), np.float32))


@pytest.mark.parametrize(("output", "noise", "name"), NOISY)
def test_a_chain_with_another_amount_is_the_same_chain(output, noise, name):
    other = chain_of(output, noise).at(0.25)
    assert other.name == name
    assert other.cost.epsilon_joint == pytest.approx(0.25)
    assert len(payloads(other.apply(np.zeros((2, *output.shape), np.float32))[0])) == 2


def test_a_region_tells_nothing_beyond_its_direction_and_size():
    """What leaves of a region over the bound is what leaves of the same region at the bound."""
    for noise in (L1, L2):
        huge = np.full((1, 8), 1e30, np.float32)
        for numbers in (huge, huge / 1e25):
            stored, _ = chain_of(INT8, replace(noise, epsilon_joint=1e6)).apply(numbers)
            assert set(stored.view(np.int8)[0].tolist()) <= ({11, 12} if noise is L1 else {33, 34})


def test_a_response_looks_for_the_nearest_word_of_bounded_numbers() -> None:
    noise = NoiseSpec(mechanism="response", epsilon_joint=60.0, codebook=((127, 0), (90, 120)))
    output = OutputSpec("int8", (2,), 1.27, 0.01)
    # (9, 1) is nearer to the first word; what is left of it, (1.27, 1), to the second.
    stored, _ = chain_of(output, noise).apply(np.array([[9.0, 1.0]], np.float32))
    assert stored.view(np.int8).tolist() == [[90, 120]]
