"""What Redis gives back is believed only where this version could have written it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from analyzer_node.keys import answer_key, history_key, latest_key, seen_key
from analyzer_node.records import (
    MAX_ANSWER_BYTES,
    decode_answer,
    decode_record,
    encode_answer,
    encode_record,
)
from broker.results import RegionAnswer
from tests.unit.analyzer_node.parts import BUNDLE, PICTURES, STREAM, a_result

answers = st.builds(RegionAnswer, st.text(min_size=1, max_size=64), st.floats(0, 1))


@given(st.lists(answers, max_size=5))
def test_what_was_written_is_read(regions: list[RegionAnswer]) -> None:
    result = a_result(regions=tuple(regions))
    assert [decode_answer(encode_answer(answer)) for answer in regions] == regions
    assert decode_record(encode_record(result)) == result


@given(st.binary(max_size=600))
def test_damaged_values_are_absent(raw: bytes) -> None:
    decode_answer(raw)
    assert decode_record(raw) is None


@given(st.integers(0, 200), st.binary(min_size=1, max_size=1))
def test_a_changed_byte_gives_a_sound_value_or_none(place: int, byte: bytes) -> None:
    written = encode_record(a_result())
    place %= len(written)
    found = decode_record(written[:place] + byte + written[place + 1 :])
    assert found is None or (found.stream != "" and all(0 <= r.score <= 1 for r in found.regions))


def test_impossible_values_are_absent() -> None:
    assert decode_answer(msgspec.msgpack.encode(("circle", 1.5))) is None
    assert decode_answer(msgspec.msgpack.encode(("circle", float("nan")))) is None
    assert decode_answer(msgspec.msgpack.encode(("", 0.5))) is None
    assert decode_answer(msgspec.msgpack.encode(("c" * MAX_ANSWER_BYTES, 0.5))) is None
    assert decode_record(b"[" * 200_000) is None


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_only_equal_questions_share_a_key(one: bytes, two: bytes) -> None:
    key = answer_key(BUNDLE, "embedding", one)
    assert (key == answer_key(BUNDLE, "embedding", two)) == (one == two)
    assert key != answer_key(PICTURES, "embedding", one)
    assert key != answer_key(BUNDLE, "picture", one)


def test_keys_carry_the_prefix_and_the_schema_and_a_streams_keys_stay_together() -> None:
    keys = [latest_key(STREAM), history_key(STREAM), seen_key(STREAM, 1, 2)]
    assert len(set(keys)) == 3
    assert all(key.startswith("penumbra:1:{" + STREAM + "}:") for key in keys)
    assert answer_key(BUNDLE, "embedding", b"").startswith("penumbra:1:answer:")
