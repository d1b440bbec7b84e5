"""Costs are those that the papers' tables and a pencil give."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from privacy_lab.networks.build import build  # noqa: E402
from privacy_lab.networks.cost import LayerCost, costs, count_parameters, total  # noqa: E402
from privacy_lab.networks.spec import NetworkSpec  # noqa: E402


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [("vgg16", 138_357_544, 15_470_264_320), ("vgg19", 143_667_240, 19_632_062_464)],
)
def test_vgg_has_its_published_size_though_no_weight_is_made(
    name: str, parameters: int, multiply_adds: int
) -> None:
    spec = NetworkSpec("vgg16" if name == "vgg16" else "vgg19")
    with torch.device("meta"):
        network = build(spec, (3, 224, 224), 1000)
    found = costs(network, (3, 224, 224))
    assert (total(found).parameters, total(found).multiply_adds) == (parameters, multiply_adds)
    named = {layer.name: layer for layer in found}
    # 512 channels from 512 through 3 × 3 at 14 × 14 places; pooled to 7 × 7, four bytes each.
    assert named["conv5_3"].multiply_adds == 512 * 512 * 9 * 14 * 14
    assert named["conv5_3"].parameters == 512 * 512 * 9 + 512
    assert named["pool5"] == LayerCost("pool5", (512, 7, 7), 0, 0, 512 * 7 * 7 * 4)


def test_lenet_by_hand() -> None:
    found = costs(build(NetworkSpec("lenet"), (1, 28, 28), 10), (1, 28, 28))
    expected = {
        "conv1": ((8, 24, 24), 8 * 25 + 8, 8 * 25 * 24 * 24),
        "pool1": ((8, 12, 12), 0, 0),
        "conv2": ((16, 8, 8), 16 * 8 * 25 + 16, 16 * 8 * 25 * 8 * 8),
        "fc1": ((120,), 256 * 120 + 120, 256 * 120),
        "fc2": ((84,), 120 * 84 + 84, 120 * 84),
        "fc3": ((10,), 84 * 10 + 10, 84 * 10),
    }
    assert {
        layer.name: (layer.shape, layer.parameters, layer.multiply_adds)
        for layer in found
        if layer.name in expected
    } == expected


def test_a_residual_stage_counts_its_shortcut() -> None:
    network = build(NetworkSpec("residual", (4, 8), (1, 2)), (3, 8, 8), 2)
    _, stage, *_ = costs(network, (3, 8, 8))
    body = 8 * 4 * 9 + 8 * 8 * 9
    assert stage.multiply_adds == (body + 8 * 4) * 4 * 4
    assert stage.parameters == body + 8 * 4 + 3 * 2 * 8


def test_products_outside_of_layers_count_too() -> None:
    class Projection(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("basis", torch.eye(6)[:, :2])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.basis

    (found,) = costs(nn.Sequential(Projection()), (6,))
    assert (found.shape, found.parameters, found.multiply_adds) == ((2,), 0, 12)


def test_counting_leaves_the_network_as_it_was() -> None:
    network = build(NetworkSpec("residual", (4, 8), (1, 2)), (3, 8, 8), 2).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    costs(network, (3, 8, 8))
    assert network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_width_scales_parameters_by_its_square() -> None:
    whole, half = (
        count_parameters(build(NetworkSpec("six-conv", width=width), (3, 32, 32), 10)) for width in (1.0, 0.5)
    )
    assert 3.9 < whole / half < 4.1
