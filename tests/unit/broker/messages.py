"""Valid messages that tests start from."""

from broker.answers import Answer
from broker.features import Features, Protection
from broker.frames import Frame
from broker.gate import Draft, ReleaseContract
from broker.helpers import HelperCapacity, HelperPartial, HelperWeights, HelperWork, Kernel, Sum, digest_of
from broker.home_messages import Birth, Discovery, HomeState
from broker.results import RegionAnswer, Result
from broker.status import CameraStatus, NodeStatus

STREAM = "abcdefghij234567abcd"
BUNDLE = "0123456789abcdef"
NOW_NS = 1_760_000_000_000_000_000


def a_frame(**changes: object) -> Frame:
    fields: dict[str, object] = {
        "camera": "front-door",
        "run": 7,
        "sequence": 3,
        "captured_ns": NOW_NS,
        "clock": "synchronised",
        "flow": "newest",
        "width": 640,
        "height": 360,
        "jpeg": b"\xff\xd8 picture \xff\xd9",
    }
    return Frame(**{**fields, **changes})  # type: ignore[arg-type]


def some_features(**changes: object) -> Features:
    fields: dict[str, object] = {
        "stream": STREAM,
        "run": 7,
        "sequence": 3,
        "captured_ns": NOW_NS,
        "sent_ns": NOW_NS,
        "bundle": BUNDLE,
        "kind": "embedding",
        "regions": (b"12345678", b"abcdefgh"),
        "protection": Protection("int8"),
    }
    return Features(**{**fields, **changes})  # type: ignore[arg-type]


def a_result(**changes: object) -> Result:
    fields: dict[str, object] = {
        "stream": STREAM,
        "run": 7,
        "sequence": 3,
        "captured_ns": NOW_NS,
        "sent_ns": NOW_NS,
        "bundle": BUNDLE,
        "regions": (RegionAnswer("woman", 0.98),),
        "cached": 0,
        "received_ns": NOW_NS,
        "answered_ns": NOW_NS,
    }
    return Result(**{**fields, **changes})  # type: ignore[arg-type]


def an_answer(**changes: object) -> Answer:
    fields: dict[str, object] = {
        "camera": "front-door",
        "run": 7,
        "sequence": 3,
        "captured_ns": NOW_NS,
        "answered_ns": NOW_NS,
        "outcome": "answered",
    }
    return Answer(**{**fields, **changes})  # type: ignore[arg-type]


def a_draft(**changes: object) -> Draft:
    fields: dict[str, object] = {
        "stream": STREAM,
        "run": 7,
        "sequence": 3,
        "captured_ns": NOW_NS,
        "sent_ns": NOW_NS,
        "bundle": BUNDLE,
        "kind": "embedding",
        "regions": (b"12345678",),
        "protection": Protection("int8"),
    }
    return Draft(**{**fields, **changes})  # type: ignore[arg-type]


def a_contract(**changes: object) -> ReleaseContract:
    fields: dict[str, object] = {
        "kind": "embedding",
        "bundle": BUNDLE,
        "mechanism": "int8",
        "region_bytes": 8,
        "max_regions": 4,
        "max_bytes": 4096,
    }
    return ReleaseContract(**{**fields, **changes})  # type: ignore[arg-type]


def a_camera_status(**changes: object) -> CameraStatus:
    return CameraStatus(**{"camera": "front-door", "state": "running", **changes})  # type: ignore[arg-type]


def a_node_status(**changes: object) -> NodeStatus:
    return NodeStatus(**{"node": "edge", "role": "edge", "state": "online", **changes})  # type: ignore[arg-type]


def a_capacity(**changes: object) -> HelperCapacity:
    fields: dict[str, object] = {
        "helper": "h1",
        "state": "online",
        "run": 5,
        "memory_bytes": 2**30,
        "multiplications_per_second": 5.6e8,
        "bytes_per_second": 9.0e6,
    }
    return HelperCapacity(**{**fields, **changes})  # type: ignore[arg-type]


def a_kernel(**changes: object) -> Kernel:
    fields: dict[str, object] = {
        "maps_out": 1,
        "size": (1, 2),
        "strides": (1, 1),
        "dilations": (1, 1),
        "pads": (0, 0, 0, 0),
        "weights": bytes(16),
    }
    return Kernel(**{**fields, **changes})  # type: ignore[arg-type]


def some_weights(**changes: object) -> HelperWeights:
    kernels = (a_kernel(),)
    fields = {"helper": "h1", "digest": digest_of(2, kernels), "maps": 2, "kernels": kernels}
    return HelperWeights(**{**fields, **changes})  # type: ignore[arg-type]


def some_work(**changes: object) -> HelperWork:
    fields: dict[str, object] = {
        "helper": "h1",
        "run": 7,
        "task": 3,
        "digest": bytes(32),
        "shape": (1, 2, 1, 2),
        "maps": bytes(16),
    }
    return HelperWork(**{**fields, **changes})  # type: ignore[arg-type]


def a_partial(**changes: object) -> HelperPartial:
    fields: dict[str, object] = {
        "helper": "h1",
        "run": 7,
        "task": 3,
        "digest": bytes(32),
        "sums": (Sum((1, 1, 1, 1), bytes(4)),),
        "seconds": 0.001,
    }
    return HelperPartial(**{**fields, **changes})  # type: ignore[arg-type]


def a_home_state(**changes: object) -> HomeState:
    fields: dict[str, object] = {
        "camera": "front-door",
        "answer": "woman",
        "confidence": 0.98,
        "regions": 2,
        "labels": {"woman": 1, "man": 1},
        "captured_ns": NOW_NS,
    }
    return HomeState(**{**fields, **changes})  # type: ignore[arg-type]


def a_discovery() -> Discovery:
    device = "penumbra-camera-front-door"
    return Discovery(device, {"dev": {"identifiers": [device]}, "o": {"name": "Penumbra"}, "cmps": {}})


def a_birth() -> Birth:
    return Birth(online=True)
