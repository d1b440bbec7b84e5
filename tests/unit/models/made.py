"""Tiny bundles that tests make: two halves of one matrix each."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.certificate import (
    Attack,
    Certificate,
    DataCard,
    DeviceCost,
    EdgeCost,
    Figure,
    edge_figures,
    encode_certificate,
)
from models.manifest import (
    ANALYZER,
    CERTIFICATE,
    EXTRACTOR,
    DataSource,
    InputSpec,
    Manifest,
    OutputSpec,
    Parameters,
    Provenance,
    RegionSpec,
)
from models.writer import entry_of, write_bundle

SIDE = 8
PLAIN = InputSpec(SIDE, SIDE, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
INT8 = OutputSpec("int8", (4,), 4.0, 4.0 / 127)
CARD: dict[str, Any] = {
    "name": "noise",
    "source": "a generator",
    "terms": "free",
    "pictures": 2,
    "classes": {"this": 1, "that": 1},
    "identities": 0,
    "smallest": (8, 8),
    "largest": (8, 8),
    "sha256": "0" * 64,
}
NAMES = ("manifest.json", "extractor.onnx", "analyzer.onnx")


def network(takes: tuple[int, ...], gives: int, *, batch: str | int = "n", outside: str = "") -> bytes:
    """A network that multiplies the flattened input by a matrix of a fixed seed."""
    matrix = np.random.default_rng(gives).normal(0, 0.2, (int(np.prod(takes)), gives)).astype(np.float32)
    weights = numpy_helper.from_array(matrix, "w")
    if outside:
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value=outside)
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["y"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *takes])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, gives])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model) if not outside else None
    return bytes(model.SerializeToString())


def halves() -> dict[str, bytes]:
    return {EXTRACTOR: network((3, SIDE, SIDE), 4), ANALYZER: network((4,), 2)}


def manifest(files: dict[str, bytes], **changes: object) -> Manifest:
    plain: dict[str, Any] = {
        "schema": 1,
        "kind": "embedding",
        "name": "tiny",
        "task": "tell one thing from another",
        "labels": ("this", "that"),
        "region": RegionSpec("face", 0.1),
        "input": PLAIN,
        "split": "squeeze",
        "embedding": "simple",
        "output": INT8,
        "files": {name: entry_of(data) for name, data in files.items()},
        "parameters": Parameters(768, 8),
        "provenance": Provenance(
            "tests", "none", 0, (DataSource("noise", "a generator", "free", 1, 1),), "free for any use"
        ),
    }
    return Manifest(**(plain | changes))


def picture_bundle(path: Path) -> Path:
    """A bundle whose analyzer takes the censored picture itself."""
    files = {ANALYZER: network((3, SIDE, SIDE), 2)}
    made = manifest(files, kind="picture", split="", embedding="", output=None, region=RegionSpec("whole"))
    write_bundle(path, made, files)
    return path


def bundle(path: Path, **changes: object) -> Path:
    """Write a sound tiny bundle to `path`."""
    files = halves()
    write_bundle(path, manifest(files, **changes), files)
    return path


def cost(scale: float = 1.0) -> DeviceCost:
    return DeviceCost(
        load_seconds=0.004 * scale,
        resident_mib=2.0 * scale,
        milliseconds_a_region=0.2 * scale,
        process_load_seconds=0.15 * scale,
        process_resident_mib=60.0 * scale,
    )


def certificate(of: Manifest, **changes: object) -> Certificate:
    """A certificate of the bundle, its intervals a hundredth to both sides unless they are given."""
    plain: dict[str, Any] = {
        "bundle": of.bundle_id,
        "extractor_sha256": of.files["extractor.onnx"].sha256,
        "made_by": "tests",
        "accuracy": 0.97,
        "accuracy_whole": 0.98,
        "identity_rank1": 0.10,
        "identity_rank1_chance": 0.08,
        "rank_privacy": 0.31,
        "rank_privacy_ceiling": 0.33,
        "ssim": 0.32,
        "ssim_floor": 0.30,
        "ssim_answer_alone": 0.31,
        "payload_bytes": 4,
        "edge": EdgeCost(extractor=cost(), whole=cost(2.0)),
        "data": (DataCard(**CARD),),
        "attacks": (
            Attack(
                name="decoder",
                kind="reconstruction",
                settings={"epochs": 3, "rate": 1e-3, "layers": [64, 32]},
                seeds=(0, 1, 2),
                figures={"ssim": Figure(0.32, 0.31, 0.33)},
            ),
        ),
    }
    plain |= changes
    if "intervals" not in plain:
        known = {name: value for name, value in plain.items() if isinstance(value, int | float)}
        known |= edge_figures(plain["edge"])
        if plain["ssim"] is not None and plain["ssim_floor"] is not None:
            known["ssim_over_floor"] = plain["ssim"] - plain["ssim_floor"]
        plain["intervals"] = {name: (value - 0.01, value + 0.01) for name, value in known.items()}
    return Certificate(**plain)


def certified(path: Path, **changes: object) -> Path:
    """Write a tiny bundle with a certificate to `path`."""
    files = halves()
    described = manifest(files)
    data = encode_certificate(certificate(described, **changes))
    write_bundle(path, described, files | {CERTIFICATE: data})
    return path


def zip_of(*members: tuple[str | zipfile.ZipInfo, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of exactly these members, whatever they are called."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", packing) as archive:
        for name, data in members:
            archive.writestr(name, data, compress_type=packing)
    return stored.getvalue()


def members_of(path: Path) -> list[tuple[str | zipfile.ZipInfo, bytes]]:
    """The members of a zip, to be put together anew with one of them changed."""
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def regions(count: int, seed: int = 0) -> np.ndarray:
    """Regions of the tiny bundle's input."""
    return np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
