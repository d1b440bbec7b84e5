"""What tests of the analyzer are built from: messages, networks and stores that can be watched or broken."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from analyzer_node.errors import StoreDown
from analyzer_node.memory_store import MemoryStore
from analyzer_node.networks import Network
from broker.ends import Delivery
from broker.features import Features, Protection
from broker.results import RegionAnswer, Result
from models.errors import BadPayload, RuntimeFailed
from models.manifest import InputSpec, Manifest, OutputSpec, Parameters, Provenance, RegionSpec
from models.writer import entry_of, write_bundle

BUNDLE = "0123456789abcdef"
PICTURES = "fedcba9876543210"
STREAM = "abcdefghij234567abcd"
OTHER_STREAM = "zyxwvutsrq765432zyxw"
NOW_NS = 1_760_000_000_000_000_000
REGION_BYTES = 8
LABELS = ("circle", "square")
POISON = b"\xff" * REGION_BYTES


def some_features(sequence: int = 0, *regions: bytes, **changes: object) -> Features:
    fields: dict[str, object] = {
        "stream": STREAM,
        "run": 7,
        "sequence": sequence,
        "captured_ns": NOW_NS,
        "sent_ns": NOW_NS,
        "bundle": BUNDLE,
        "kind": "embedding",
        "regions": regions,
        "protection": Protection("int8"),
    }
    return Features(**{**fields, **changes})  # type: ignore[arg-type]


def a_result(sequence: int = 0, **changes: object) -> Result:
    fields: dict[str, object] = {
        "stream": STREAM,
        "run": 7,
        "sequence": sequence,
        "captured_ns": NOW_NS,
        "sent_ns": NOW_NS,
        "bundle": BUNDLE,
        "regions": (RegionAnswer("circle", 0.75),),
        "cached": 0,
        "received_ns": NOW_NS,
        "answered_ns": NOW_NS + 1,
    }
    return Result(**{**fields, **changes})  # type: ignore[arg-type]


def delivered(features: Features) -> Delivery[Features]:
    return Delivery(features, 100, received_ns=NOW_NS + 1)


def expected_answer(payload: bytes) -> RegionAnswer:
    digest = hashlib.sha256(payload).digest()
    return RegionAnswer(LABELS[digest[0] % 2], digest[1] / 255)


class WatchedNetwork:
    """Answers by the payload's hash, writes down every call, and cannot read `POISON`."""

    def __init__(self) -> None:
        self.calls: list[list[bytes]] = []
        self.broken = False

    def analyze(self, payloads: Sequence[bytes]) -> list[tuple[str, float]]:
        self.calls.append(list(payloads))
        if self.broken:
            raise RuntimeFailed("broken")
        if POISON in payloads:
            raise BadPayload("poison")
        return [(answer.label, answer.score) for answer in map(expected_answer, payloads)]

    @property
    def networks(self) -> dict[str, Network]:
        labels = frozenset(LABELS)
        return {
            BUNDLE: Network("embedding", REGION_BYTES, labels, self.analyze),
            PICTURES: Network("picture", None, labels, self.analyze),
        }


class BreakableStore:
    """A memory store that fails while `down` names a reason; `asked` counts every call that reached it."""

    def __init__(self, down: str = "") -> None:
        self.inner = MemoryStore()
        self.down = down
        self.refuses = 0
        self.asked = 0
        self.checks = asyncio.Semaphore(0)

    def _reach(self) -> None:
        self.asked += 1
        if self.down:
            raise StoreDown(self.down)

    async def look_up(self, keys: Sequence[str]) -> list[RegionAnswer | None]:
        self._reach()
        return await self.inner.look_up(keys)

    async def remember(self, answers: Mapping[str, RegionAnswer], results: Sequence[Result]) -> int:
        self._reach()
        return self.refuses or await self.inner.remember(answers, results)

    async def latest(self, stream: str) -> Result | None:
        self._reach()
        return await self.inner.latest(stream)

    async def history(self, stream: str, count: int) -> list[Result]:
        self._reach()
        return await self.inner.history(stream, count)

    async def check(self) -> None:
        self.checks.release()
        if self.down:
            raise StoreDown(self.down)


def toy_bundle(folder: Path) -> Manifest:
    """Write the analyzer half of a bundle that says whether its four numbers sum to less or more than 0."""
    model = _sum_network()
    manifest = Manifest(
        schema=1,
        kind="embedding",
        name="toy",
        task="sign",
        labels=("below", "above"),
        region=RegionSpec("whole"),
        input=InputSpec(8, 8, 3, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        split="middle",
        embedding="simple",
        output=OutputSpec("int8", (4,), 1.0, 1 / 127),
        files={"extractor.onnx": entry_of(b"not here"), "analyzer.onnx": entry_of(model)},
        parameters=Parameters(0, 8),
        provenance=Provenance("tests", "by hand", 0, (), "none"),
    )
    write_bundle(folder, manifest, {"analyzer.onnx": model})
    return manifest


def toy_picture_bundle(folder: Path) -> Manifest:
    """Write a picture bundle that says whether a picture is dark or light."""
    model = _network(
        [
            helper.make_node("GlobalAveragePool", ["input"], ["means"]),
            helper.make_node("Flatten", ["means"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
        ],
        ["n", 3, 8, 8],
        rows=3,
    )
    manifest = Manifest(
        schema=1,
        kind="picture",
        name="toy-picture",
        task="brightness",
        labels=("dark", "light"),
        region=RegionSpec("whole"),
        input=InputSpec(8, 8, 3, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        files={"analyzer.onnx": entry_of(model)},
        parameters=Parameters(0, 6),
        provenance=Provenance("tests", "by hand", 0, (), "none"),
    )
    write_bundle(folder, manifest, {"analyzer.onnx": model})
    return manifest


def _sum_network() -> bytes:
    return _network([helper.make_node("MatMul", ["input", "weights"], ["scores"])], ["n", 4], rows=4)


def _network(nodes: list[onnx.NodeProto], takes: list[str | int], *, rows: int) -> bytes:
    weights = numpy_helper.from_array(np.array([[-1, 1]] * rows, np.float32), "weights")
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, takes)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 2])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
