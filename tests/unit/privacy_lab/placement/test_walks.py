"""Walks through networks: which layers take maps, and that the maps are those of the network itself."""

import numpy as np
import pytest

pytest.importorskip("torch")

import onnx
import onnxruntime
import torch

from models.catalogue import SHIPPED
from models.manifest import InputSpec
from models.pictures import normalise
from models.reading import load_manifest
from privacy_lab.errors import NoTwin
from privacy_lab.networks.build import build
from privacy_lab.networks.cut import split
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.placement.walks import BundleWalk, NetworkWalk, walk_of_bundle

SIZE = InputSpec(28, 28, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
BUNDLE = SHIPPED / "gender-ours"


def shown(side: int, n: int = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (n, side, side, 3), np.uint8)


def test_all_layers_but_the_first_take_maps_up_to_the_first_fully_connected_one() -> None:
    network = build(NetworkSpec("lenet"), (1, 28, 28), 10)
    names = [name for (name,) in NetworkWalk(network, SIZE, 1).layers]
    assert names == ["ReLU1", "pool1", "conv2", "ReLU2", "pool2", "fc1"]


def test_what_a_layer_takes_is_what_the_layers_before_it_give() -> None:
    torch.manual_seed(0)
    network = build(NetworkSpec("lenet"), (1, 28, 28), 10)
    taken = {
        t.layers[0]: t.maps for t in NetworkWalk(network, SIZE, 1, wanted=("conv2", "fc1")).take(shown(28))
    }
    assert list(taken) == ["conv2", "fc1"]
    x = torch.from_numpy(normalise(shown(28), SIZE))[:, :1]
    for name, before in (("conv2", "pool1"), ("fc1", "pool2")):
        front, _ = split(network, before)
        with torch.no_grad():
            assert torch.allclose(taken[name].float(), front(x), atol=0.01)


def test_other_weights_have_another_key() -> None:
    walks = [NetworkWalk(build(NetworkSpec("lenet"), (1, 28, 28), 10), SIZE, 1) for _ in range(2)]
    assert walks[0].key != walks[1].key


def test_convolutions_of_a_bundle_that_take_the_same_maps_stand_together() -> None:
    walk = walk_of_bundle(BUNDLE)
    assert len(walk.layers) == 6
    assert walk.layers[0] == (
        "/layers/stage1/body/body.0/Conv",
        "/layers/stage1/shortcut/shortcut.0/Conv",
    )


def test_the_maps_of_a_bundle_are_those_that_its_convolutions_take() -> None:
    """A convolution of the recorded maps by the stored weights is what ONNX Runtime gives."""
    model = onnx.load(str(BUNDLE / "extractor.onnx"))
    walk, size = (
        BundleWalk(model.SerializeToString(), load_manifest(BUNDLE).input),
        load_manifest(BUNDLE).input,
    )
    taken = [t for t in walk.take(shown(64, 2)) if t.layers[0] == "/layers/stage2/body/body.3/Conv"]
    node = next(n for n in model.graph.node if n.name == "/layers/stage2/body/body.3/Conv")
    weights = {
        i.name: torch.from_numpy(onnx.numpy_helper.to_array(i).copy()) for i in model.graph.initializer
    }
    kernel, bias = (weights[name] for name in node.input[1:])
    model.graph.output.append(onnx.ValueInfoProto(name=node.output[0]))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (expected,) = session.run([node.output[0]], {"input": normalise(shown(64, 2), size)})
    given = torch.nn.functional.conv2d(taken[0].maps.float(), kernel, bias, padding=1)
    assert np.allclose(given.numpy(), expected, atol=0.02)


def test_an_extractor_of_one_convolution_has_nothing_to_spread() -> None:
    nodes = [onnx.helper.make_node("Conv", ["x", "w"], ["y"])]
    value = onnx.helper.make_tensor_value_info
    kernel = onnx.numpy_helper.from_array(np.zeros((2, 3, 3, 3), np.float32), "w")
    ends = [value(name, onnx.TensorProto.FLOAT, ["n", 3, 8, 8]) for name in ("x", "y")]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], [kernel])
    with pytest.raises(NoTwin, match="nothing to spread"):
        BundleWalk(onnx.helper.make_model(graph).SerializeToString(), SIZE)
