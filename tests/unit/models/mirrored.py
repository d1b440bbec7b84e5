"""Tiny bundles with a mirror: a matrix from four numbers to a picture."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.certificate import encode_certificate
from models.manifest import CERTIFICATE, MIRROR, Manifest
from models.writer import write_bundle
from tests.unit.models import made


def drawing(numbers: int = 4, side: int = made.SIDE, name: str = "mirror", mean: str = "") -> bytes:
    """A network from `numbers` to pictures, float32 [n, 3, side, side] in [0, 1]."""
    pixels = 3 * side * side
    matrix = np.random.default_rng(side).normal(0, 1, (numbers, pixels)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["flat"]),
            helper.make_node("Sigmoid", ["flat"], ["light"]),
            helper.make_node("Reshape", ["light", "shape"], ["y"]),
        ],
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", numbers])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, side, side])],
        [
            numpy_helper.from_array(matrix, "w"),
            numpy_helper.from_array(np.array([-1, 3, side, side], np.int64), "shape"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.metadata_props.add(key="mean_code", value=mean or str([0.0] * numbers))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def described(**changes: object) -> tuple[Manifest, dict[str, bytes]]:
    """A tiny bundle's manifest and files, its mirror among them."""
    files = made.halves() | {MIRROR: drawing()}
    return made.manifest(files, **changes), files


def bundle(path: Path) -> Path:
    """Write a sound tiny bundle with a mirror to `path`."""
    write_bundle(path, *described())
    return path


def certified(path: Path, **changes: object) -> Path:
    """Write a tiny bundle with a mirror and a certificate to `path`."""
    manifest, files = described()
    data = encode_certificate(made.certificate(manifest, **changes))
    write_bundle(path, manifest, files | {CERTIFICATE: data})
    return path
