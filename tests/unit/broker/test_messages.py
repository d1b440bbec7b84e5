"""Each message survives the way over the wire, and everything else is refused with a reason."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import bounds
from broker.errors import BadMessage
from broker.features import Protection
from broker.results import RegionAnswer
from broker.topic import AnyTopic
from broker.topic_table import TABLE
from tests.unit.broker import messages
from tests.unit.broker.messages import a_frame, a_result, an_answer, some_features

EXAMPLES: dict[str, Callable[[], Any]] = {
    "penumbra/frames/{id}": messages.a_frame,
    "penumbra/results/camera/{id}": messages.an_answer,
    "penumbra/status/camera/{id}": messages.a_camera_status,
    "penumbra/status/{id}": messages.a_node_status,
    "penumbra/home/{id}": messages.a_home_state,
    "homeassistant/device/{id}/config": messages.a_discovery,
    "homeassistant/status": messages.a_birth,
    "penumbra/helpers/{id}/capacity": messages.a_capacity,
    "penumbra/helpers/{id}/weights": messages.some_weights,
    "penumbra/helpers/{id}/work": messages.some_work,
    "penumbra/helpers/{id}/partial": messages.a_partial,
    "penumbra/features/{id}": messages.some_features,
    "penumbra/results/{id}": messages.a_result,
}
EVERY_TOPIC = pytest.mark.parametrize("topic", TABLE, ids=lambda t: f"{t.side.label}:{t.pattern}")

OURS = [topic for topic in TABLE if not topic.pattern.startswith("homeassistant/")]
"""The others' formats are Home Assistant's own, which number no schema."""


def wire_of(topic: AnyTopic) -> bytes:
    """Encode the example of a row; sealed features are encoded as what an analyzer reads."""
    from broker.features import encode_features  # noqa: PLC0415

    message = EXAMPLES[topic.pattern]()
    return encode_features(message) if topic.written is not topic.read else topic.encode(message)


@EVERY_TOPIC
def test_what_is_written_is_what_is_read(topic: AnyTopic) -> None:
    assert topic.decode(wire_of(topic)) == EXAMPLES[topic.pattern]()


@EVERY_TOPIC
def test_a_longer_message_than_the_row_allows_is_refused_unread(topic: AnyTopic) -> None:
    with pytest.raises(BadMessage) as refusal:
        topic.decode(wire_of(topic) + bytes(topic.max_bytes))
    assert refusal.value.reason == "too-large"


@EVERY_TOPIC
@given(data=st.binary(max_size=300))
def test_no_bytes_whatever_do_more_than_be_refused(topic: AnyTopic, data: bytes) -> None:
    try:
        message = topic.decode(data)
    except BadMessage as refusal:
        assert refusal.reason in {"foreign-message", "unknown-schema", "malformed"}
    else:
        assert isinstance(message, topic.read)


@EVERY_TOPIC
@given(st.data())
def test_a_damaged_message_is_refused_or_still_in_bounds(topic: AnyTopic, data: st.DataObject) -> None:
    wire = bytearray(wire_of(topic))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(wire)))
    for damaged in (bytes(wire), bytes(wire[:cut])):
        try:
            message = topic.decode(damaged)
        except BadMessage:
            continue
        assert isinstance(message, topic.read)
        msgspec.structs.replace(message)  # construction repeats every check of bounds


@pytest.mark.parametrize("topic", OURS, ids=lambda t: f"{t.side.label}:{t.pattern}")
def test_another_schema_version_is_refused_by_name(topic: AnyTopic) -> None:
    wire = wire_of(topic)
    if wire[:1] == b"P":
        newer = wire[:2] + bytes((99,)) + wire[3:]
    else:
        newer = wire.replace(b'"schema":1', b'"schema":99')
    with pytest.raises(BadMessage) as refusal:
        topic.decode(newer)
    assert refusal.value.reason == "unknown-schema"


def test_a_message_of_another_kind_is_foreign() -> None:
    features = next(topic for topic in TABLE if topic.pattern == "penumbra/features/{id}")
    frames = next(topic for topic in TABLE if topic.pattern == "penumbra/frames/{id}")
    with pytest.raises(BadMessage) as refusal:
        features.decode(wire_of(frames))
    assert refusal.value.reason == "foreign-message"


def test_a_refusal_never_quotes_the_payload() -> None:
    frames = next(topic for topic in TABLE if topic.pattern == "penumbra/frames/{id}")
    secret = b"the-face-of-somebody"
    with pytest.raises(BadMessage) as refusal:
        frames.decode(b"PF\x01" + msgspec.msgpack.encode([secret.decode()]))
    assert secret.decode() not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    "changes",
    [
        {"camera": "Front Door"},
        {"camera": "a/b"},
        {"camera": ""},
        {"camera": "x" * 64},
        {"run": -1},
        {"sequence": -1},
        {"captured_ns": 0},
        {"width": 0},
        {"height": bounds.MAX_SIDE + 1},
        {"width": 8000, "height": 8000},
        {"jpeg": b""},
    ],
)
def test_no_frame_out_of_bounds_exists(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        a_frame(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"stream": "front-door"},
        {"bundle": "gender-ours"},
        {"regions": (b"12345678", b"1234567")},
        {"regions": (b"",)},
        {"regions": tuple(b"x" for _ in range(bounds.MAX_REGIONS + 1))},
        {"kind": "picture", "regions": ()},
        {"kind": "picture", "regions": (b"one", b"two")},
        {"sent_ns": -1},
    ],
)
def test_no_features_out_of_bounds_exist(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        some_features(**changes)


@pytest.mark.parametrize("epsilon", [-1.0, float("nan"), float("inf")])
def test_an_epsilon_is_a_positive_number(epsilon: float) -> None:
    with pytest.raises(ValueError, match="epsilon_joint"):
        Protection("laplace", epsilon_joint=epsilon)
    with pytest.raises(ValueError, match="epsilon_per_coordinate"):
        Protection("laplace", epsilon_per_coordinate=epsilon)


def test_a_message_that_says_nothing_new_costs_nothing_but_no_number_is_free() -> None:
    assert Protection("laplace", 1.0, 0.0).epsilon_joint == 0.0
    assert Protection("gaussian", 1.0, 0.0, 0.0).delta == 0.0
    for delta in (-1e-9, 1.1, float("nan")):
        with pytest.raises(ValueError, match="delta is not a probability"):
            Protection("gaussian", 1.0, 1.0, delta)
    with pytest.raises(ValueError, match="epsilon_per_coordinate"):
        Protection("laplace", 0.0, 0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"cached": 2},
        {"received_ns": 0},
        {"refused": "unknown-bundle"},
        {"regions": tuple(RegionAnswer("x", 0.5) for _ in range(bounds.MAX_REGIONS + 1))},
    ],
)
def test_no_result_out_of_bounds_exists(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        a_result(**changes)


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_is_between_zero_and_one(score: float) -> None:
    with pytest.raises(ValueError, match="score"):
        RegionAnswer("woman", score)


def test_an_answer_reads_well_as_json() -> None:
    from broker.answers import encode_answer  # noqa: PLC0415

    plain = msgspec.json.decode(encode_answer(an_answer()))
    assert plain["schema"] == 1
    assert plain["camera"] == "front-door"
    assert set(plain["hops"]) == {
        "camera_to_edge",
        "edge_queue",
        "edge_compute",
        "cloud_round_trip",
        "analyzer",
    }


def test_an_empty_frame_still_makes_features() -> None:
    assert some_features(regions=()).regions == ()
