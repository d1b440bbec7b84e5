"""The differentiable twin of an exported half answers as ONNX Runtime does, operator by operator."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from models.bundle import load_extractor  # noqa: E402
from models.manifest import EXTRACTOR, InputSpec  # noqa: E402
from models.pictures import normalise  # noqa: E402
from models.sessions import Session  # noqa: E402
from privacy_lab.errors import NoTwin  # noqa: E402
from privacy_lab.export import export_half  # noqa: E402
from privacy_lab.networks.build import build  # noqa: E402
from privacy_lab.networks.cut import layer_names, split  # noqa: E402
from privacy_lab.networks.layers import Takes  # noqa: E402
from privacy_lab.networks.onnx_front import torch_front  # noqa: E402
from privacy_lab.networks.onnx_operators import OPERATORS  # noqa: E402
from privacy_lab.networks.spec import NetworkSpec  # noqa: E402
from tests.unit.privacy_lab.networks.every import EVERY, NAMED  # noqa: E402

SHIPPED = Path(__file__).parents[4] / "models" / "bundles" / "gender-ours"
CLOSE = 1e-4
RANDOM = np.random.default_rng(5)
Arrays = tuple[NDArray[Any], ...]


def model_of(
    *nodes: onnx.NodeProto, x: NDArray[np.float32], constants: dict[str, NDArray[Any]], opset: int = 17
) -> bytes:
    """A network from `x`, of any batch, to the last node's result, which is named `y`."""
    takes = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *x.shape[1:]])
    gives = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    stored = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(list(nodes), "made", [takes], [gives], stored)
    ends = [helper.make_opsetid("", opset), helper.make_opsetid("shop.example", 1)]
    model = helper.make_model(graph, opset_imports=ends, ir_version=8)
    return bytes(onnx.shape_inference.infer_shapes(model, data_prop=True).SerializeToString())


def runtime(model: bytes, x: NDArray[np.float32]) -> NDArray[np.float32]:
    import onnxruntime  # noqa: PLC0415 - Session asks for fixed shapes, which these models leave open

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"x": x})
    return np.asarray(answer)


def ints(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def floats(*shape: int) -> NDArray[np.float32]:
    return RANDOM.normal(size=shape).astype(np.float32)


def scalar(value: float) -> NDArray[np.float32]:
    return np.array(value, np.float32)


BOTH = floats(3, 4, 7, 6)
POSITIVE = np.abs(BOTH) + np.float32(0.1)
FLAT = floats(3, 5)
_POOLED = {"kernel_shape": [3, 2], "strides": [2, 1]}
_EVEN = {"pads": [1, 0, 1, 0]}

CASES: list[tuple[str, NDArray[np.float32], Arrays, dict[str, Any]]] = [
    *(
        (name, BOTH, (), {})
        for name in ("Abs", "Erf", "Exp", "Identity", "LeakyRelu", "Neg", "Relu", "Round")
    ),
    *((name, BOTH, (), {}) for name in ("Sigmoid", "Softplus", "Tanh", "Dropout", "HardSwish", "Transpose")),
    *((name, POSITIVE, (), {}) for name in ("Log", "Sqrt")),
    *(
        (name, POSITIVE, (POSITIVE[:1, :, :1],), {})
        for name in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow")
    ),
    *((name, BOTH, (), {}) for name in ("GlobalAveragePool", "GlobalMaxPool", "Flatten")),
    *((name, BOTH, (), {"axes": [1, 3]}) for name in ("ReduceL2", "ReduceMean")),
    ("ReduceMean", BOTH, (), {"axes": [-1], "keepdims": 0}),
    ("ReduceSum", BOTH, (ints(2, 3),), {}),
    ("Max", BOTH, (BOTH[:1], BOTH[:, :1]), {}),
    ("LeakyRelu", BOTH, (), {"alpha": 0.3}),
    ("Softmax", BOTH, (), {"axis": 1}),
    ("Transpose", BOTH, (), {"perm": [0, 2, 3, 1]}),
    ("Flatten", BOTH, (), {"axis": 0}),
    ("Flatten", BOTH, (), {"axis": -1}),
    ("Clip", BOTH, (scalar(-0.5), scalar(0.7)), {}),
    ("Clip", BOTH, (scalar(-0.5),), {}),
    ("Clip", BOTH, (), {}),
    ("Conv", BOTH, (floats(5, 4, 3, 3), floats(5)), {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
    ("Conv", BOTH, (floats(4, 1, 3, 2),), {"pads": [0, 1, 2, 0], "group": 4, "dilations": [2, 1]}),
    ("MaxPool", BOTH, (), _POOLED | _EVEN),
    ("MaxPool", BOTH - 9, (), _POOLED | {"pads": [0, 1, 2, 0]}),
    ("AveragePool", BOTH, (), _POOLED | _EVEN),
    ("AveragePool", BOTH, (), _POOLED | _EVEN | {"count_include_pad": 1}),
    ("BatchNormalization", BOTH, (floats(4), floats(4), floats(4), POSITIVE[0, :, 0, 0]), {"epsilon": 1e-3}),
    ("Gemm", FLAT, (floats(2, 5), floats(2)), {"transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("Gemm", FLAT, (floats(3, 2),), {"transA": 1}),
    ("MatMul", FLAT, (floats(5, 2),), {}),
    ("Mod", FLAT, (POSITIVE[0, 0, 0, :1],), {"fmod": 1}),
    ("Reshape", BOTH, (ints(0, 2, -1),), {}),
    ("Unsqueeze", FLAT, (ints(-1, 1),), {}),
    ("Squeeze", BOTH[:, :1], (ints(1),), {}),
    ("Concat", BOTH, (BOTH[:, :2],), {"axis": 1}),
    ("Gather", BOTH, (ints(2, -1),), {"axis": 1}),
    ("Gather", BOTH, (np.array(1, np.int64),), {"axis": 2}),
    ("Slice", BOTH, (ints(1, -1), ints(9, -(2**62)), ints(1, 3), ints(1, -2)), {}),
    ("Expand", BOTH[:, :1], (ints(3, 4, 7, 6),), {}),
    ("Cast", BOTH, (), {"to": TensorProto.FLOAT}),
]


@pytest.mark.parametrize(("name", "x", "others", "attributes"), CASES)
def test_each_operator_answers_as_onnx_runtime(
    name: str, x: NDArray[np.float32], others: Arrays, attributes: dict[str, Any]
) -> None:
    constants = {f"c{number}": value for number, value in enumerate(others)}
    model = model_of(helper.make_node(name, ["x", *constants], ["y"], **attributes), x=x, constants=constants)
    taken = torch.from_numpy(x.copy()).requires_grad_()
    given = torch_front(model)(taken)
    expected = runtime(model, x)
    assert given.shape == expected.shape
    np.testing.assert_allclose(given.detach().numpy(), expected, atol=CLOSE, rtol=CLOSE)
    given.sum().backward()
    assert taken.grad is not None
    assert float(taken.grad.abs().sum()) > 0


def test_every_operator_is_tried_here() -> None:
    assert {name for name, *_ in CASES} | {"Shape"} == set(OPERATORS)


def test_shapes_that_are_worked_out_on_the_way() -> None:
    model = model_of(
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "first"], ["n"]),
        helper.make_node("Concat", ["n", "rest"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["y"]),
        x=BOTH,
        constants={"first": ints(0), "rest": ints(-1)},
    )
    twin = torch_front(model)
    for n in (1, 3):
        np.testing.assert_array_equal(twin(torch.from_numpy(BOTH[:n])).numpy(), runtime(model, BOTH[:n]))


def test_whole_numbers_wrap_around_as_the_divisor_says() -> None:
    # What `torch.nn.Unflatten` exports its negative axes to.
    model = model_of(
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Mod", ["axis", "rank"], ["wrapped"]),
        helper.make_node("Gather", ["shape", "wrapped"], ["side"]),
        helper.make_node("Concat", ["first", "side"], ["wanted"], axis=0),
        helper.make_node("Reshape", ["x", "wanted"], ["y"]),
        x=BOTH,
        constants={"axis": ints(-1), "rank": ints(4), "first": ints(-1)},
    )
    np.testing.assert_array_equal(torch_front(model)(torch.from_numpy(BOTH)).numpy(), runtime(model, BOTH))


def test_old_operator_sets_keep_bounds_and_axes_in_attributes() -> None:
    model = model_of(
        helper.make_node("Clip", ["x"], ["bounded"], min=-0.5, max=0.25),
        helper.make_node("Unsqueeze", ["bounded"], ["y"], axes=[0]),
        x=FLAT,
        constants={},
        opset=9,
    )
    np.testing.assert_array_equal(torch_front(model)(torch.from_numpy(FLAT)).numpy(), runtime(model, FLAT))


def test_the_shipped_extractor_has_a_twin() -> None:
    extractor = load_extractor(SHIPPED)
    spec: InputSpec = extractor.manifest.input
    regions = RANDOM.integers(0, 256, (5, *spec.shape), dtype=np.uint8)
    twin = torch_front((SHIPPED / EXTRACTOR).read_bytes())
    x = torch.from_numpy(normalise(regions, spec)).requires_grad_()
    numbers = twin(x)
    assert float((numbers - torch.from_numpy(extractor.embed(regions))).detach().abs().max()) < CLOSE
    numbers.square().sum().backward()
    assert x.grad is not None
    assert bool((x.grad.flatten(1).abs().sum(1) > 0).all())
    assert not list(twin.parameters())


@pytest.mark.parametrize(("spec", "takes"), EVERY, ids=NAMED)
def test_an_export_of_each_network_has_a_twin(spec: NetworkSpec, takes: Takes) -> None:
    torch.manual_seed(3)
    network = build(spec, takes, 5).eval()
    names = layer_names(network)
    front, _ = split(network, names[-2])  # behind flattening: as many operators as there are
    gives = tuple(front(torch.zeros(1, *takes)).shape[1:])
    model = export_half(front, takes, gives, EXTRACTOR)
    twin = torch_front(model)
    x = torch.randn(4, *takes, requires_grad=True)
    expected = Session(model, EXTRACTOR, takes, gives).run(x.detach().numpy())
    numbers = twin(x)
    assert float((numbers - torch.from_numpy(expected)).detach().abs().max()) < CLOSE
    numbers.sum().backward()
    assert x.grad is not None
    assert bool((x.grad.flatten(1).abs().sum(1) > 0).all())


def test_weights_move_with_the_twin() -> None:
    twin = torch_front((SHIPPED / EXTRACTOR).read_bytes()).to(torch.float64)
    assert twin(torch.zeros(2, 3, 64, 64, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (helper.make_node("LRN", ["x"], ["y"], size=3), "operator LRN has no differentiable form"),
        (helper.make_node("Abs", ["x"], ["y"], domain="shop.example"), "operator shop.example.Abs has no"),
        (
            helper.make_node("Conv", ["x", "w"], ["y"], auto_pad="SAME_UPPER"),
            "operator Conv with auto_pad SAME",
        ),
        (helper.make_node("NoSuch", ["x"], ["y"]), "NoSuch"),
    ],
)
def test_an_operator_without_a_differentiable_form_is_named(node: onnx.NodeProto, said: str) -> None:
    model = onnx.load_from_string(model_of(helper.make_node("Abs", ["x"], ["y"]), x=BOTH, constants={}))
    model.graph.node[0].CopyFrom(node)
    model.graph.initializer.append(numpy_helper.from_array(floats(2, 4, 3, 3), "w"))
    with pytest.raises(NoTwin, match=said):
        torch_front(model.SerializeToString())


@pytest.mark.parametrize("model", [b"", b"not a network", (SHIPPED / EXTRACTOR).read_bytes()[:5000]])
def test_what_is_no_onnx_has_no_twin(model: bytes) -> None:
    with pytest.raises(NoTwin, match="not sound ONNX"):
        torch_front(model)
