"""A trace travels in one bounded field of one form, or not at all; messages without it are what they were."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.answers import decode_answer, encode_answer
from broker.errors import BadMessage
from broker.features import decode_features, encode_features
from broker.frames import decode_frame, encode_frame
from broker.gate import ReleaseGate
from broker.results import decode_result, encode_result
from broker.trace_context import UNTRACED, is_traceparent
from tests.unit.broker.messages import a_contract, a_draft, a_frame, a_result, an_answer, some_features

GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HOSTILE = {
    "upper case": GOOD.upper(),
    "too long": GOOD + "0",
    "very long": GOOD * 1000,
    "another version": "01" + GOOD[2:],
    "a version's extra field": GOOD + "-00",
    "no trace": f"00-{'0' * 32}-b7ad6b7169203331-01",
    "no parent": f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    "other flags": GOOD[:-2] + "03",
    "too short": GOOD[:-1],
    "a name": "front-door".ljust(55, "-"),
    "a line": GOOD[:-1] + "\n",
    "other digits": GOOD.replace("0af7", "٠af7"),
}
EVERY_HOSTILE = pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
BINARY = {
    "frame": (a_frame, encode_frame, decode_frame),
    "features": (some_features, encode_features, decode_features),
    "result": (a_result, encode_result, decode_result),
}
MESSAGES = {**BINARY, "answer": (an_answer, encode_answer, decode_answer)}
EVERY_MESSAGE = pytest.mark.parametrize(("make", "encode", "decode"), MESSAGES.values(), ids=MESSAGES)
EVERY_BINARY = pytest.mark.parametrize(("make", "encode", "decode"), BINARY.values(), ids=BINARY)

Make = Callable[..., Any]
Encode = Callable[[Any], bytes]
Decode = Callable[[bytes], Any]


@EVERY_MESSAGE
@pytest.mark.parametrize("value", [GOOD, GOOD[:-2] + "00"])
def test_a_traced_message_survives_the_way(make: Make, encode: Encode, decode: Decode, value: str) -> None:
    message = make(traceparent=value)
    assert decode(encode(message)) == message


@EVERY_BINARY
def test_an_untraced_message_is_the_bytes_it_always_was(make: Make, encode: Encode, decode: Decode) -> None:
    message = make()
    fields = msgspec.structs.astuple(message)
    assert fields[-1] == UNTRACED
    wire = encode(message)
    assert wire[2] == 1
    assert wire[3:] == msgspec.msgpack.encode(fields[:-1])
    assert decode(wire) == message


@EVERY_BINARY
def test_a_trace_costs_its_characters_and_a_new_schema_version(
    make: Make, encode: Encode, decode: Decode
) -> None:
    traced, plain = encode(make(traceparent=GOOD)), encode(make())
    assert (traced[2], plain[2]) == (2, 1)
    assert len(traced) - len(plain) == len(GOOD) + 2


@EVERY_BINARY
def test_a_version_that_does_not_fit_its_fields_is_refused(
    make: Make, encode: Encode, decode: Decode
) -> None:
    for message, version in ((make(traceparent=GOOD), 1), (make(), 2)):
        wire = encode(message)
        with pytest.raises(BadMessage) as refusal:
            decode(wire[:2] + bytes((version,)) + wire[3:])
        assert refusal.value.reason == "malformed"


@EVERY_MESSAGE
@EVERY_HOSTILE
def test_a_hostile_traceparent_is_never_part_of_a_message(
    make: Make, encode: Encode, decode: Decode, value: str
) -> None:
    with pytest.raises(ValueError, match="traceparent"):
        make(traceparent=value)
    wire = encode(make(traceparent=GOOD))
    written = msgspec.json.encode if wire[:1] == b"{" else msgspec.msgpack.encode
    with pytest.raises(BadMessage) as refusal:
        decode(wire.replace(written(GOOD), written(value)))
    assert refusal.value.reason in {"malformed", "too-large"}
    assert value not in str(refusal.value)


def test_an_answer_without_the_field_is_still_read() -> None:
    wire = encode_answer(an_answer())
    assert decode_answer(wire.replace(b'"traceparent":"",', b"")) == an_answer()


@given(st.text(max_size=60))
def test_nothing_but_digits_and_dashes_is_a_traceparent(text: str) -> None:
    assert not is_traceparent(text) or set(text) <= set("0123456789abcdef-")


def sealed_trace(may_trace: bool, value: str) -> str:
    sealed = ReleaseGate(a_contract(may_trace=may_trace)).seal(a_draft(traceparent=value))
    return decode_features(sealed.wire).traceparent


def test_the_gate_lets_a_trace_out_where_the_site_says_so_and_nowhere_else() -> None:
    assert sealed_trace(True, GOOD) == GOOD
    assert sealed_trace(False, GOOD) == UNTRACED
    assert ReleaseGate(a_contract()).contract.may_trace is False


@EVERY_HOSTILE
def test_the_gate_leaves_behind_what_is_no_traceparent(value: str) -> None:
    assert sealed_trace(True, value) == UNTRACED
