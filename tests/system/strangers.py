"""Messages that nobody asked for, and a stranger who sends them, as no account of a real broker could."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, final

import cv2
import numpy as np

from broker.answers import Answer
from broker.errors import BadMessage
from broker.features import Features, Protection, decode_features
from broker.frames import Frame
from broker.identity import new_run
from broker.mqtt import MqttSession, MqttTransport
from broker.private_topics import ANSWERS
from broker.results import Result
from broker.transport import Incoming
from models.catalogue import find
from models.manifest import Manifest, decode_manifest
from tests.servers import until
from tests.system.nodes import Node
from tests.system.pipeline import BUNDLE, BrokerServer

STREAM = "abcdefghij234567abcd"

ANSWERED_WITHIN = 60.0
LOT = 100
"""Messages that a broker holds for a slow subscriber without dropping any."""


def picture(width: int = 64, height: int = 48) -> bytes:
    pixels = np.random.default_rng(width).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


PICTURE = picture()


def frame(sequence: int = 0, **changes: Any) -> Frame:
    fields: dict[str, Any] = {
        "camera": "front",
        "run": 1,
        "sequence": sequence,
        "captured_ns": time.time_ns(),
        "clock": "synchronised",
        "flow": "wait",
        "width": 64,
        "height": 48,
        "jpeg": PICTURE,
    }
    return Frame(**{**fields, **changes})


def manifest() -> Manifest:
    file = find(BUNDLE) / "manifest.json"
    return decode_manifest(file.read_bytes(), str(file))


def features(sequence: int = 0, *regions: bytes, **changes: Any) -> Features:
    fields: dict[str, Any] = {
        "stream": STREAM,
        "run": 1,
        "sequence": sequence,
        "captured_ns": time.time_ns(),
        "sent_ns": time.time_ns(),
        "bundle": manifest().bundle_id,
        "kind": "embedding",
        "regions": regions,
        "protection": Protection("clip+int8"),
    }
    return Features(**{**fields, **changes})


def result_of(asked: Features, **changes: Any) -> Result:
    fields: dict[str, Any] = {
        **{name: getattr(asked, name) for name in ("stream", "run", "sequence", "captured_ns", "sent_ns")},
        "bundle": asked.bundle,
        "regions": (),
        "cached": 0,
        "received_ns": time.time_ns(),
        "answered_ns": time.time_ns(),
    }
    return Result(**{**fields, **changes})


@final
class Stranger:
    """Writes anything anywhere on one broker, and sees all that it carries."""

    def __init__(self, broker: BrokerServer, session: MqttSession, seen: list[Incoming]) -> None:
        self._broker = broker
        self._session = session
        self.seen = seen

    async def send(self, path: str, data: bytes) -> None:
        """Send one message; returns once the broker has it."""
        await self._session.publish(path, data, qos=1, retain=False)

    async def send_all(self, messages: Iterable[tuple[str, bytes]], taker: "Taker | None" = None) -> None:
        """Send many; the taker must have taken each lot before the next, or the broker would drop some."""
        messages = iter(messages)
        while lot := list(islice(messages, LOT)):
            taken = await taker.taken() if taker is not None else 0.0
            for path, data in lot:
                await self.send(path, data)
            if taker is not None:
                await taker.takes(taken + len(lot))

    def answers(self) -> list[Answer]:
        """The answers seen so far, without what cannot be read."""
        answers = []
        for incoming in self.seen:
            if incoming.path.startswith("penumbra/results/camera/"):
                with contextlib.suppress(BadMessage):  # some are garbage on purpose
                    answers.append(ANSWERS.decode(incoming.data))
        return answers

    async def sees_answer(self, run: int, sequence: int) -> Answer:
        """Wait for the answer to a frame."""

        def found() -> list[Answer]:
            return [a for a in self.answers() if (a.run, a.sequence) == (run, sequence)]

        await until(lambda: bool(found()), f"the answer to frame {sequence}", ANSWERED_WITHIN)
        return found()[0]

    async def sees_features(self, run: int) -> Features:
        """Wait for the first features of a run."""

        def found() -> list[Features]:
            sent = (i.data for i in self.seen if i.path.startswith("penumbra/features/"))
            return [known for known in map(decode_features, sent) if known.run == run]

        await until(lambda: bool(found()), "features", ANSWERED_WITHIN)
        return found()[0]


@final
class Taker:
    """A node that messages are for: counts those that have come to it, good or bad."""

    def __init__(self, node: Node, side: str, topic: str) -> None:
        self._node = node
        self._labels = ("penumbra_received_messages_total", side, topic)

    async def taken(self) -> float:
        """How many have come so far."""
        return (await self._node.metrics())[self._labels]

    async def takes(self, count: float) -> None:
        """Wait until so many have come."""
        name, *labels = self._labels
        await counted(self._node, name, *labels, at_least=count)


@asynccontextmanager
async def stranger(broker: BrokerServer) -> AsyncIterator[Stranger]:
    seen: list[Incoming] = []

    def keep(incoming: Incoming) -> None:
        seen.append(incoming)
        incoming.acknowledge()

    session = await MqttTransport(broker.spy(), f"stranger-{new_run()}", 64).connect(None, keep)
    try:
        for topic_filter in ("penumbra/results/#", "penumbra/features/#"):
            await session.subscribe(topic_filter, group=None, qos=1)
        yield Stranger(broker, session, seen)
    finally:
        await session.close()


async def counted(node: Node, name: str, *labels: str, at_least: float = 1) -> None:
    """Wait until a metric has been counted up."""

    async def enough() -> bool:
        return (await node.metrics())[(name, *labels)] >= at_least

    await until(enough, f"{node.name} to count {name} {labels} to {at_least:g}", ANSWERED_WITHIN)


async def refused(node: Node, topic: str, reason: str, at_least: float = 1) -> None:
    await counted(node, "penumbra_messages_refused_total", topic, reason, at_least=at_least)


def bad_messages(good: bytes, topic: str, other: str, max_bytes: int) -> dict[str, tuple[str, bytes]]:
    """Each way in which a message can be no message, by the reason it is refused for."""
    return {
        "unknown-schema": (topic, good[:2] + b"\x63" + good[3:]),
        "foreign-message": (topic, b"\xff\xd8\xff\xe0 a picture by itself"),
        "malformed": (topic, good[:-7]),
        "wrong-topic": (other, good),
        "too-large": (topic, good[:3] + bytes(max_bytes)),
    }
