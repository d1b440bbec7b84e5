"""Devices as Home Assistant's documentation wants them, and templates that read what is really published."""

import re
from typing import Any, get_args

import jinja2
import msgspec
import pytest

from broker.answers import AnswerRegion
from broker.home_messages import encode_discovery
from broker.home_topics import discovery
from broker.status import CameraState, NodeState
from broker.topic import Private, Role
from broker.topic_table import TABLE
from feature_node.elsewhere.home_device import camera_device, edge_device
from feature_node.elsewhere.home_state import home_state
from tests.unit.broker.messages import a_camera_status, a_node_status, an_answer

# https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
OF_A_PAYLOAD = {"dev", "o", "cmps", "qos"}
OF_A_DEVICE = {"identifiers", "name", "manufacturer", "model", "sw_version", "via_device"}
OF_AN_ORIGIN = {"name", "sw_version"}
# https://www.home-assistant.io/integrations/sensor.mqtt/ and …/binary_sensor.mqtt/
OF_BOTH = {
    "p",
    "unique_id",
    "name",
    "state_topic",
    "value_template",
    "device_class",
    "entity_category",
    "icon",
    "availability",
    "availability_mode",
    "json_attributes_topic",
    "json_attributes_template",
}
OF_A_SENSOR = {"unit_of_measurement", "state_class", "options"}
PLATFORMS = {"sensor": OF_BOTH | OF_A_SENSOR, "binary_sensor": OF_BOTH}
# https://www.home-assistant.io/integrations/sensor/#device-class and …/binary_sensor/#device-class
CLASSES = {"sensor": {None, "enum"}, "binary_sensor": {"connectivity"}}

DEVICES = {"camera": camera_device("front-door", "edge", "1.2"), "edge": edge_device("edge", "1.2")}
CONFIGS: dict[str, dict[str, Any]] = {
    name: msgspec.json.decode(encode_discovery(device)) for name, device in DEVICES.items()
}
COMPONENTS = [
    pytest.param(component, id=f"{name}-{key}")
    for name, config in CONFIGS.items()
    for key, component in config["cmps"].items()
]
PATTERNS = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - no HTML


def rendered(template: str, message: object) -> str:
    """What Home Assistant makes of a message: its templates are Jinja's, with `value_json`."""
    return PATTERNS.from_string(template).render(value_json=msgspec.json.decode(msgspec.json.encode(message)))


def answered(*pairs: tuple[str, float], **changes: object) -> object:
    regions = tuple(AnswerRegion((0, 0, 9, 9), label, score) for label, score in pairs)
    return home_state(an_answer(regions=regions, task="who", **changes))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_device_says_what_is_asked_and_nothing_unknown(name: str) -> None:
    config = CONFIGS[name]
    assert set(config) == OF_A_PAYLOAD
    assert set(config["dev"]) <= OF_A_DEVICE
    assert set(config["o"]) == OF_AN_ORIGIN
    assert config["dev"]["identifiers"] == [DEVICES[name].device]
    assert len(encode_discovery(DEVICES[name])) < discovery().max_bytes // 2


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_part_has_what_its_platform_needs_and_nothing_unknown(component: dict[str, Any]) -> None:
    platform = component["p"]
    assert set(component) <= PLATFORMS[platform]
    assert {"unique_id", "name", "state_topic", "value_template"} <= set(component)
    assert component.get("device_class") in CLASSES[platform]
    assert component.get("state_class") in {None, "measurement"}
    assert component.get("entity_category") in {None, "diagnostic"}
    # options belong to enums, and neither goes with a unit or a state class
    assert ("options" in component) == (component.get("device_class") == "enum")
    assert not ("options" in component and {"unit_of_measurement", "state_class"} & set(component))
    assert ("state_class" in component) == ("unit_of_measurement" in component)


def test_a_camera_has_its_answer_how_sure_its_status_and_its_frames() -> None:
    assert set(CONFIGS["camera"]["cmps"]) == {"answer", "confidence", "status", "state", "frames"}
    assert CONFIGS["camera"]["dev"]["via_device"] == DEVICES["edge"].device
    assert set(CONFIGS["edge"]["cmps"]) == {"status", "state"}


def test_no_two_parts_of_any_devices_share_an_id() -> None:
    tricky = ["a", "a-status", "a-state", "edge", "camera"]
    devices = [camera_device(name, "edge", "1") for name in tricky] + [
        edge_device(name, "1") for name in tricky
    ]
    ids = [part["unique_id"] for device in devices for part in (device.config or {})["cmps"].values()]
    assert len(set(ids)) == len(ids)
    assert len({device.device for device in devices}) == len(devices)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", device.device) for device in devices)


@pytest.mark.parametrize("component", COMPONENTS)
def test_home_assistant_may_read_every_topic_that_it_is_told_to(component: dict[str, Any]) -> None:
    allowed = [
        t for t in TABLE if t.side is Private and any(g.role is Role.HOME_ASSISTANT for g in t.readers)
    ]
    asked = [component["state_topic"], component.get("json_attributes_topic", component["state_topic"])]
    asked += [each["topic"] for each in component.get("availability", ())]
    for topic in asked:
        assert any(row.id_of(topic) for row in allowed), topic


@pytest.mark.parametrize(
    ("key", "message", "shown"),
    [
        ("answer", answered(("man", 0.9), ("woman", 0.987)), "woman"),
        ("answer", answered(), "nothing"),
        ("answer", answered(outcome="refused", reason="budget-spent"), "None"),  # Home Assistant: unknown
        ("confidence", answered(("woman", 0.987)), "98.7"),
        ("confidence", answered(), "None"),
        ("status", a_camera_status(state="running"), "ON"),
        ("status", a_camera_status(state="offline"), "OFF"),
        ("status", a_camera_status(state="frozen"), "OFF"),
        ("state", a_camera_status(state="stalled"), "stalled"),
        ("frames", a_camera_status(fps=14.96), "15.0"),
        ("frames", a_camera_status(fps=0.0), "0.0"),
    ],
)
def test_templates_take_from_a_cameras_messages_what_they_name(key: str, message: object, shown: str) -> None:
    assert rendered(CONFIGS["camera"]["cmps"][key]["value_template"], message) == shown


@pytest.mark.parametrize(
    ("state", "shown"), [("online", "ON"), ("degraded", "ON"), ("offline", "OFF"), ("starting", "OFF")]
)
def test_templates_take_from_an_edges_messages_what_they_name(state: str, shown: str) -> None:
    parts = CONFIGS["edge"]["cmps"]
    status = a_node_status(state=state)
    assert rendered(parts["status"]["value_template"], status) == shown
    assert rendered(parts["state"]["value_template"], status) in parts["state"]["options"]


def test_attributes_are_json_themselves() -> None:
    answer = CONFIGS["camera"]["cmps"]["answer"]
    more = msgspec.json.decode(
        rendered(answer["json_attributes_template"], answered(("man", 0.9), ("man", 0.8), ("woman", 0.7)))
    )
    assert more == {"labels": {"man": 2, "woman": 1}, "regions": 3, "reason": "", "task": "who"}
    state = CONFIGS["camera"]["cmps"]["state"]["json_attributes_template"]
    detail = rendered(state, a_camera_status(detail='the "source" is gone'))
    assert msgspec.json.decode(detail) == {"detail": 'the "source" is gone'}


def test_an_answer_is_available_while_its_camera_runs_and_its_edge_is_there() -> None:
    answer = CONFIGS["camera"]["cmps"]["answer"]
    assert answer["availability_mode"] == "all"
    by_camera, by_edge = answer["availability"]
    assert by_camera["topic"] == "penumbra/status/camera/front-door"
    assert by_edge["topic"] == "penumbra/status/edge"
    for state in get_args(CameraState):
        expected = "online" if state == "running" else "offline"
        assert rendered(by_camera["value_template"], a_camera_status(state=state)) == expected
    for node_state in get_args(NodeState):
        expected = "offline" if node_state in ("offline", "starting") else "online"
        assert rendered(by_edge["value_template"], a_node_status(state=node_state)) == expected


@pytest.mark.parametrize(("name", "states"), [("camera", CameraState), ("edge", NodeState)])
def test_every_state_is_an_option(name: str, states: Any) -> None:
    assert tuple(CONFIGS[name]["cmps"]["state"]["options"]) == get_args(states)
