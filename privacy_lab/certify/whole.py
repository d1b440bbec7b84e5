"""The network that an edge would hold without the cloud: both halves in one ONNX graph."""

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from privacy_lab.errors import MeasureFailed

_OPSET: Final = 17
_IR: Final = 8
_WARM_CHANNELS: Final = 4


def whole_network(extractor: bytes, analyzer: bytes) -> bytes:
    """Join the halves: float32 [n, 3, h, w] in, logits [n, labels] out, nothing clipped or stored between.

    Raises:
        MeasureFailed: the halves do not fit each other.
    """
    try:
        edge = onnx.load_from_string(extractor)
        # Both halves number their tensors from the start: told apart by where they run.
        cloud = compose.add_prefix(onnx.load_from_string(analyzer), "cloud/")
        met = [(edge.graph.output[0].name, cloud.graph.input[0].name)]
        whole = compose.merge_models(edge, cloud, io_map=met)
        onnx.checker.check_model(whole, full_check=True)
    except (
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
        ValueError,
        IndexError,
    ) as error:
        raise MeasureFailed(f"the bundle's halves do not make one network: {error}") from error
    return bytes(whole.SerializeToString())


def trivial_network(takes: tuple[int, int, int]) -> bytes:
    """Make a network of one small convolution: what a runtime costs once any network has run.

    Args:
        takes: channels, height and width of its input; it gives 2 numbers.
    """
    draw = np.random.default_rng(0)
    kernel = draw.normal(size=(_WARM_CHANNELS, takes[0], 3, 3)).astype(np.float32)
    matrix = draw.normal(size=(_WARM_CHANNELS, 2)).astype(np.float32)
    bias = np.zeros(2, np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["maps"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["maps"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("Gemm", ["flat", "matrix", "bias"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "trivial",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *takes])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [
            numpy_helper.from_array(kernel, "kernel"),
            numpy_helper.from_array(matrix, "matrix"),
            numpy_helper.from_array(bias, "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
