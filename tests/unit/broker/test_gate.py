"""Only the gate seals, it seals only what the contract allows, and nothing else crosses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.cloud_topics import FEATURES
from broker.errors import Refused
from broker.features import Protection, decode_features
from broker.gate import ReleaseGate, Sealed
from tests.unit.broker.messages import BUNDLE, NOW_NS, STREAM, a_contract, a_draft, some_features


def test_a_draft_that_keeps_the_contract_is_sealed_unchanged() -> None:
    sealed = ReleaseGate(a_contract()).seal(a_draft())
    assert decode_features(sealed.wire) == some_features(regions=(b"12345678",))
    assert FEATURES.encode(sealed) == sealed.wire
    assert FEATURES.id_written(sealed) == STREAM


@pytest.mark.parametrize(
    ("contract", "draft", "reason"),
    [
        ({}, {"bundle": "f" * 16}, "wrong-bundle"),
        ({}, {"kind": "picture"}, "wrong-bundle"),
        ({}, {"regions": (b"123456789",)}, "wrong-length"),
        ({}, {"regions": (b"12345678", b"1234567")}, "wrong-length"),
        ({}, {"regions": (b"12345678",) * 5}, "too-many-regions"),
        ({}, {"protection": Protection("none")}, "wrong-protection"),
        ({"max_bytes": 40}, {}, "over-ceiling"),
        ({"max_epsilon_joint": 8.0}, {}, "over-budget"),
        ({"max_epsilon_joint": 8.0}, {"protection": Protection("int8", 1.0, 8.5)}, "over-budget"),
        ({"max_epsilon_joint": 8.0}, {"protection": Protection("int8", 1.0, None)}, "over-budget"),
        ({}, {"stream": "front-door"}, "out-of-bounds"),
        ({}, {"sequence": -1}, "out-of-bounds"),
        ({"region_bytes": None}, {"regions": (b"",)}, "out-of-bounds"),
    ],
)
def test_anything_else_is_refused_with_its_reason(
    contract: dict[str, object], draft: dict[str, object], reason: str
) -> None:
    with pytest.raises(Refused) as refusal:
        ReleaseGate(a_contract(**contract)).seal(a_draft(**draft))
    assert refusal.value.reason == reason


@given(regions=st.lists(st.binary(max_size=12), max_size=6), mechanism=st.sampled_from(["int8", "none"]))
def test_whatever_is_sealed_keeps_the_contract(regions: list[bytes], mechanism: str) -> None:
    contract = a_contract()
    draft = a_draft(regions=tuple(regions), protection=Protection(mechanism))
    try:
        sealed = ReleaseGate(contract).seal(draft)
    except Refused:
        return
    features = decode_features(sealed.wire)
    assert all(len(region) == contract.region_bytes for region in features.regions)
    assert len(features.regions) <= contract.max_regions
    assert features.protection.mechanism == contract.mechanism


def test_nobody_else_makes_a_sealed() -> None:
    with pytest.raises(TypeError, match="only ReleaseGate"):
        Sealed(object(), STREAM, b"anything")


def test_a_sealed_does_not_change() -> None:
    sealed = ReleaseGate(a_contract()).seal(a_draft())
    with pytest.raises(AttributeError):
        sealed.wire = b"a picture"


def test_the_cloud_topic_takes_nothing_unsealed() -> None:
    with pytest.raises(TypeError, match="sealed"):
        FEATURES.encode(some_features())  # type: ignore[arg-type]


def test_a_sealed_shows_none_of_its_bytes() -> None:
    sealed = ReleaseGate(a_contract()).seal(a_draft())
    assert repr(sealed) == f"Sealed({len(sealed.wire)} bytes)"


def test_refusals_do_not_carry_what_was_held_back() -> None:
    with pytest.raises(Refused) as refusal:
        ReleaseGate(a_contract()).seal(a_draft(regions=(b"secret-numbers",)))
    assert "secret" not in str(refusal.value)


def test_the_contract_is_the_gates_alone() -> None:
    contract = a_contract()
    assert ReleaseGate(contract).contract == contract
    assert contract.bundle == BUNDLE
    assert NOW_NS > 0
