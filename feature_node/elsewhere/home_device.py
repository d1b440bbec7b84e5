"""What Home Assistant is told a camera and an edge consist of: its device discovery; pure.

The fields are those of https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload: `dev` and
`o` (who made this) and `cmps`, the entities. Each has `p`, its platform, and what
https://www.home-assistant.io/integrations/sensor.mqtt/ and /binary_sensor.mqtt/ list. Values are taken from
the JSON that is on the broker anyway, by templates; a template that gives None makes a value unknown.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from broker.home_messages import Discovery
from broker.home_topics import HOME_STATES
from broker.private_topics import CAMERA_STATUS, NODE_STATUS
from broker.status import CameraState, NodeState

_MAKER: Final = "Penumbra"
_PER_CENT: Final = (
    "{{ (value_json.confidence * 100) | round(1) if value_json.confidence is not none else none }}"
)
_MORE: Final = (
    "{{ {'labels': value_json.labels, 'regions': value_json.regions, 'reason': value_json.reason, "
    "'task': value_json.task} | tojson }}"
)
_EDGE_IS_UP: Final = "{{ 'offline' if value_json.state in ['starting', 'offline'] else 'online' }}"
_CAMERA_IS_UP: Final = "{{ 'online' if value_json.state == 'running' else 'offline' }}"

Component = dict[str, Any]


def camera_id(camera: str) -> str:
    """The id of a camera's device; no two devices share one."""
    return f"penumbra-camera-{camera}"


def edge_id(node: str) -> str:
    """The id of an edge's device."""
    return f"penumbra-edge-{node}"


def camera_device(camera: str, node: str, version: str) -> Discovery:
    """A camera: its answer and how sure that is, whether it is there, its state, its pictures a second."""
    status = CAMERA_STATUS.path(camera)
    by_camera = {"topic": status, "value_template": _CAMERA_IS_UP}
    by_edge = {"topic": NODE_STATUS.path(node), "value_template": _EDGE_IS_UP}
    answered = {"availability": [by_camera, by_edge], "availability_mode": "all"}
    components: Mapping[str, Component] = {
        **{key: part | answered for key, part in _answer(HOME_STATES.path(camera)).items()},
        "status": _connectivity(status, ["running"]),
        "state": _state(status, get_args(CameraState)),
        "frames": {
            **_sensor("Frames per second", status, "{{ value_json.fps | round(1) }}"),
            "unit_of_measurement": "frames/s",
            "state_class": "measurement",
            "entity_category": "diagnostic",
            "availability": [by_camera],
        },
    }
    return _device(camera_id(camera), camera, "Camera", components, version, via_device=edge_id(node))


def edge_device(node: str, version: str) -> Discovery:
    """An edge: whether it is there, and its state."""
    status = NODE_STATUS.path(node)
    components: Mapping[str, Component] = {
        "status": _connectivity(status, ["online", "degraded", "refusing"]),
        "state": _state(status, get_args(NodeState)),
    }
    return _device(edge_id(node), f"Penumbra {node}", "Edge node", components, version)


def _answer(topic: str) -> Mapping[str, Component]:
    return {
        "answer": {
            **_sensor("Answer", topic, "{{ value_json.answer }}"),
            "icon": "mdi:cctv",
            "json_attributes_topic": topic,
            "json_attributes_template": _MORE,
        },
        "confidence": {
            **_sensor("Confidence", topic, _PER_CENT),
            "unit_of_measurement": "%",
            "state_class": "measurement",
        },
    }


def _device(
    device: str, name: str, model: str, components: Mapping[str, Component], version: str, **more: str
) -> Discovery:
    about = {"identifiers": [device], "name": name, "manufacturer": _MAKER, "model": model}
    named = {key: {"unique_id": f"{device}-{key}", **component} for key, component in components.items()}
    return Discovery(
        device,
        {
            "dev": {**about, "sw_version": version, **more},
            "o": {"name": _MAKER, "sw_version": version},
            "cmps": named,
            "qos": 1,
        },
    )


def _sensor(name: str, topic: str, template: str) -> Component:
    return {"p": "sensor", "name": name, "state_topic": topic, "value_template": template}


def _connectivity(topic: str, states: list[str]) -> Component:
    """Whether it is there; always available itself, for `off` is what it is to say."""
    return {
        "p": "binary_sensor",
        "name": "Status",
        "state_topic": topic,
        "value_template": f"{{{{ 'ON' if value_json.state in {states} else 'OFF' }}}}",
        "device_class": "connectivity",
        "entity_category": "diagnostic",
    }


def _state(topic: str, states: tuple[str, ...]) -> Component:
    return {
        **_sensor("State", topic, "{{ value_json.state }}"),
        "device_class": "enum",
        "options": list(states),
        "json_attributes_topic": topic,
        "json_attributes_template": "{{ {'detail': value_json.detail} | tojson }}",
        "entity_category": "diagnostic",
    }
