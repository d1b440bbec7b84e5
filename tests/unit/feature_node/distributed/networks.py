"""Small networks to be cut, and the same network in one piece."""

import io

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def conv(name: str, takes: str, gives: str, **given: object) -> onnx.NodeProto:
    """A convolution whose weights are `name.w` and `name.b`."""
    return helper.make_node("Conv", [takes, f"{name}.w", f"{name}.b"], [gives], name=name, **given)


def model_of(
    nodes: list[onnx.NodeProto], weights: dict[str, tuple[int, ...]], side: int, result: str
) -> bytes:
    """A network of RGB pictures with random weights."""
    draw = np.random.default_rng(5)
    stored = [
        numpy_helper.from_array(draw.normal(0, 0.3, shape).astype(np.float32), name)
        for name, shape in weights.items()
    ]
    takes = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, side, side])
    gives = helper.make_tensor_value_info(result, TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "network", [takes], [gives], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model = onnx.shape_inference.infer_shapes(model)
    out = io.BytesIO()
    onnx.save_model(model, out)
    return out.getvalue()


def residual(side: int = 12) -> bytes:
    """First convolution, a residual block with a shortcut, a depthwise, a dilated one, and a linear layer."""
    nodes = [
        conv("stem", "input", "s", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["s"], ["sr"]),
        conv("body1", "sr", "b1", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["b1"], ["b1r"]),
        conv("body2", "b1r", "b2", pads=[1, 1, 1, 1]),
        conv("short", "sr", "sh", strides=[2, 2]),
        helper.make_node("Add", ["b2", "sh"], ["a"]),
        helper.make_node("Relu", ["a"], ["ar"]),
        conv("depth", "ar", "d", pads=[1, 0, 1, 2], group=8),
        conv("pairs", "d", "p", pads=[2, 2, 2, 2], dilations=[2, 2], group=2),
        helper.make_node("MaxPool", ["p"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["m"], ["f"]),
        helper.make_node("Gemm", ["f", "head.w", "head.b"], ["output"]),
    ]
    half = side // 2
    weights = {
        "stem.w": (6, 3, 3, 3), "stem.b": (6,), "body1.w": (8, 6, 3, 3), "body1.b": (8,),
        "body2.w": (8, 8, 3, 3), "body2.b": (8,), "short.w": (8, 6, 1, 1), "short.b": (8,),
        "depth.w": (8, 1, 3, 3), "depth.b": (8,), "pairs.w": (4, 4, 3, 3), "pairs.b": (4,),
        "head.w": (4 * (half // 2) ** 2, 5), "head.b": (5,),
    }  # fmt: skip
    return model_of(nodes, weights, side, "output")


def plain(side: int = 8, last: bool = False) -> bytes:
    """Three convolutions; with `last` the third one's output is the embedding."""
    nodes = [
        conv("one", "input", "a", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["ar"]),
        conv("two", "ar", "b", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["b"], ["br"]),
        conv("three", "br", "c", pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["c"], ["output" if last else "f"]),
    ]
    weights = {
        f"{n}.w": s for n, s in (("one", (4, 3, 3, 3)), ("two", (4, 4, 3, 3)), ("three", (2, 4, 3, 3)))
    }
    weights |= {"one.b": (4,), "two.b": (4,), "three.b": (2,)}
    if not last:
        nodes.append(helper.make_node("Gemm", ["f", "head.w", "head.b"], ["output"]))
        weights |= {"head.w": (2 * side * side, 3), "head.b": (3,)}
    return model_of(nodes, weights, side, "output")


def pictures(n: int, side: int) -> np.ndarray:
    return np.random.default_rng(n).normal(size=(n, 3, side, side)).astype(np.float32)


def whole(model: bytes, batch: np.ndarray) -> np.ndarray:
    """What the network in one piece answers."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"input": batch})[0])
