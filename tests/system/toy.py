"""A bundle for censored pictures that needs no training: it says whether a picture is bright or dark."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.manifest import InputSpec, Manifest, Parameters, Provenance, RegionSpec
from models.writer import entry_of, write_bundle


def picture_bundle(folder: Path) -> Manifest:
    """Write the bundle and return its manifest."""
    model = _mean_network()
    manifest = Manifest(
        schema=1,
        kind="picture",
        name="brightness",
        task="brightness",
        labels=("dark", "bright"),
        region=RegionSpec("whole"),
        input=InputSpec(32, 32, 3, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        files={"analyzer.onnx": entry_of(model)},
        parameters=Parameters(0, 6),
        provenance=Provenance("tests", "by hand", 0, (), "none"),
    )
    write_bundle(folder, manifest, {"analyzer.onnx": model})
    return manifest


def _mean_network() -> bytes:
    weights = numpy_helper.from_array(np.array([[-1, 1]] * 3, np.float32), "weights")
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["pixels"], ["means"]),
            helper.make_node("Flatten", ["means"], ["colour"]),
            helper.make_node("MatMul", ["colour", "weights"], ["scores"]),
        ],
        "brightness",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 2])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
