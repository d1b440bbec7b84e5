"""An edge node between two brokers in memory, with detectors and extractors made for the occasion."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import final

import cv2
import numpy as np

from broker.answers import Answer
from broker.cloud_topics import FEATURES, RESULTS
from broker.ends import Delivery
from broker.features import Features, decode_features
from broker.frames import Frame
from broker.gate import ReleaseContract, ReleaseGate
from broker.memory import MemoryBroker
from broker.private_topics import ANSWERS, FRAMES
from broker.results import RegionAnswer, Result
from broker.topic import Cloud, Private
from feature_node.box import Box, PixelBox, inside
from feature_node.extractor import Embedded, Extraction, Extractor, Faces, Profile
from feature_node.flights import Flights
from feature_node.hold import Holds
from feature_node.home import Home
from feature_node.intake import Intake
from feature_node.live.tap import NO_TAP, Tap, shown_to
from feature_node.node import EdgeNode
from feature_node.picture import Picture
from feature_node.protect import NumbersProtection, Protect, contract_of
from feature_node.release.chains import chain_of
from feature_node.sending import Sending
from feature_node.tally import Tally
from feature_node.telling import Telling
from feature_node.threads import Threads
from feature_node.watch import Watch
from feature_node.way import Way
from models.manifest import OutputSpec
from monitoring.traces import NO_TRACES, Traces

BUNDLE = "0123456789abcdef"
KEY = bytes(range(32))
SITE = "home"
OUTPUT = OutputSpec("int8", (4,), 1.27, 0.01)
PROFILE = Profile(bundle=BUNDLE, kind="embedding", task="who", region_bytes=4, needs_faces=True)
WIDTH, HEIGHT = 64, 48


def jpeg(width: int = WIDTH, height: int = HEIGHT, value: int = 128) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), value, np.uint8))[1].tobytes()


def frame(sequence: int = 0, camera: str = "yard", flow: str = "wait", **changes: object) -> Frame:
    fields = {
        "camera": camera, "run": 7, "sequence": sequence, "captured_ns": time.time_ns(),
        "clock": "synchronised", "flow": flow, "width": WIDTH, "height": HEIGHT, "jpeg": jpeg(),
    }  # fmt: skip
    return Frame(**(fields | changes))


def delivery(message: Frame) -> Delivery[Frame]:
    return Delivery(message, len(message.jpeg) + 64)


@final
class FixedDetector:
    """Finds what it was told to, or does what it was told to."""

    def __init__(self, act: Callable[[Picture], tuple[Box, ...]] = lambda _: (Box(8, 8, 16, 16),)) -> None:
        self._act = act

    def detect(self, picture: Picture) -> tuple[Box, ...]:
        return self._act(picture)


@final
class FixedExtractor:
    """Gives one array a face, or does what it was told to."""

    def __init__(
        self, act: Callable[[tuple[PixelBox, ...]], Extraction] | None = None, profile: Profile = PROFILE
    ) -> None:
        self.profile = profile
        self._act = act or (lambda boxes: Embedded(np.full((len(boxes), 4), 0.5, np.float32), boxes))

    async def extract(self, picture: Picture, faces: Faces) -> Extraction:
        await asyncio.sleep(0)
        return self._act(inside(faces.found, picture.shape[1], picture.shape[0]))


@final
class Bench:
    """The node and both ends of its world."""

    def __init__(self) -> None:
        self.private = MemoryBroker(Private)
        self.cloud = MemoryBroker(Cloud)
        self.tally = Tally()
        self.answers: list[Answer] = []
        self.changed = asyncio.Event()

    @property
    def crossed(self) -> list[Features]:
        """Everything that reached the cloud broker on a features topic."""
        return [
            decode_features(data)
            for path, data in self.cloud.published
            if path.startswith("penumbra/features/")
        ]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def answered(self, count: int) -> list[Answer]:
        await self.until(lambda: len(self.answers) >= count)
        return self.answers


def reply(features: Features, **changes: object) -> Result:
    now = time.time_ns()
    fields = {
        "stream": features.stream, "run": features.run, "sequence": features.sequence,
        "captured_ns": features.captured_ns, "sent_ns": features.sent_ns, "bundle": features.bundle,
        "regions": tuple(RegionAnswer("cat", 0.9) for _ in features.regions), "cached": 0,
        "received_ns": now, "answered_ns": now,
    }  # fmt: skip
    return Result(**(fields | changes))


@asynccontextmanager
async def running(
    *,
    detector: FixedDetector | None = None,
    extractor: Extractor | None = None,
    protect: Protect | None = None,
    contract: ReleaseContract | None = None,
    replies: Callable[[Features], Sequence[Result]] = lambda features: [reply(features)],
    in_flight: int = 8,
    answer_timeout: float = 30.0,
    queue: int = 32,
    workers: int = 2,
    detect_every: int = 1,
    traces: Traces = NO_TRACES,
    tap: Tap = NO_TAP,
) -> AsyncIterator[tuple[Bench, Callable[[Frame], object]]]:
    """Run a node; gives its bench and what sends it a frame."""
    bench = Bench()
    extractor = extractor or FixedExtractor()
    protect = protect or NumbersProtection(chain_of(OUTPUT))
    private, cloud = bench.private.connection(), bench.cloud.connection()
    camera, analyzer = bench.private.connection(), bench.cloud.connection()
    async with Threads(workers + 1) as threads, private, cloud, camera, analyzer:
        features, answers = (
            analyzer.subscriber(FEATURES, capacity=256),
            camera.subscriber(ANSWERS, capacity=256),
        )
        way = Way(
            detector=detector or FixedDetector(), watch=Watch(detect_every), holds=Holds(3, 0.5),
            extractor=extractor, protect=protect,
            gate=ReleaseGate(contract or contract_of(extractor.profile, protect)), threads=threads,
            site=SITE, key=KEY,
        )  # fmt: skip
        try:
            async with asyncio.TaskGroup() as tasks:
                intake = Intake(bench.tally, queue=queue, queue_bytes=2**24, max_cameras=8, traces=traces)
                flights = Flights(in_flight, answer_timeout, intake.look_again)
                told = Telling(private.publisher(ANSWERS), shown_to(tap))
                home = Home(told, flights, bench.tally, tasks, task="who")
                sending = Sending(cloud.publisher(FEATURES), flights, home, tasks, tap)
                node = EdgeNode(
                    intake=intake, way=way, flights=flights, sending=sending, home=home, tally=bench.tally
                )
                frames, results = (
                    private.subscriber(FRAMES, capacity=256),
                    cloud.subscriber(RESULTS, capacity=256),
                )
                for link in (private, cloud, camera, analyzer):
                    await link.wait_connected(5)
                node.start(tasks, frames, results, workers)
                tasks.create_task(_analyze(features, analyzer.publisher(RESULTS), replies, bench))
                tasks.create_task(_collect(answers, bench))
                yield bench, camera.publisher(FRAMES).send
                raise _Done
        except* _Done:
            pass


async def _analyze(features, results, replies, bench: Bench) -> None:
    async for arrived in features:
        for result in replies(arrived.message):
            await results.send(result)
        arrived.done()
        bench.changed.set()


async def _collect(answers, bench: Bench) -> None:
    async for arrived in answers:
        bench.answers.append(arrived.message)
        arrived.done()
        bench.changed.set()


class _Done(Exception):
    pass
