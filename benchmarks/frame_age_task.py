"""What both ends of the frame-age benchmark are told, and the consumer's slow work."""

import threading
import time
from typing import Final, Literal

import msgspec

from broker.address import BrokerAddress

Kind = Literal["penumbra", "paho QoS 0", "paho QoS 1", "imagezmq PUB/SUB"]
KINDS: Final[tuple[Kind, ...]] = ("penumbra", "paho QoS 0", "paho QoS 1", "imagezmq PUB/SUB")
TOPIC: Final = "camera/frames"
FRAME_BYTES: Final = 50_000
FRAMES_A_SECOND: Final = 100
WORK_SECONDS: Final = 0.1
"""The consumer manages 10 frames a second, a tenth of what is sent."""

_NEVER: Final = threading.Event()


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One end's orders: how to send, where to, and for how many seconds of frames the consumer works."""

    kind: Kind
    address: BrokerAddress
    seconds: float


def work() -> None:
    """Take as long as the consumer takes for a frame, without using a core."""
    _NEVER.wait(WORK_SECONDS)


def age_of(captured_ns: int) -> float:
    """Give the seconds since a frame was captured; both ends run on this host, by one clock."""
    return (time.time_ns() - captured_ns) / 1e9
