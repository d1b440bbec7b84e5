"""A network cut in two is the same network, to the last bit."""

import msgspec
import pytest

torch = pytest.importorskip("torch")

from privacy_lab.errors import BadRecipe  # noqa: E402
from privacy_lab.networks.build import build  # noqa: E402
from privacy_lab.networks.cost import count_parameters  # noqa: E402
from privacy_lab.networks.cut import layer_names, split  # noqa: E402
from privacy_lab.networks.layers import Takes  # noqa: E402
from privacy_lab.networks.published import RYU_CASES  # noqa: E402
from privacy_lab.networks.spec import NAMES, NetworkSpec  # noqa: E402
from tests.unit.privacy_lab.networks.every import EVERY, NAMED  # noqa: E402

RESIDUAL = NetworkSpec("residual", (4, 6, 8), (2, 2, 1))


def test_every_name_is_tried_here() -> None:
    assert sorted(NAMED) == sorted(NAMES)


@pytest.mark.parametrize(("spec", "takes"), EVERY, ids=NAMED)
def test_back_after_front_is_exactly_the_whole_at_every_layer(spec: NetworkSpec, takes: Takes) -> None:
    torch.manual_seed(0)
    network = build(spec, takes, 5).eval()
    pictures = torch.randn(3, *takes)
    with torch.no_grad():
        whole = network(pictures)
        assert whole.shape == (3, 5)
        for at in layer_names(network)[:-1]:
            front, back = split(network, at)
            sent = front(pictures)
            kept = sent.clone()
            assert torch.equal(back(sent), whole), at
            assert torch.equal(sent, kept), f"{at}: the back half writes into what was sent"
            assert count_parameters(front) + count_parameters(back) == count_parameters(network)


@pytest.mark.parametrize("at", ["head", "nowhere", "", "0"])
def test_a_cut_that_leaves_nothing_names_the_layers(at: str) -> None:
    with pytest.raises(BadRecipe, match=r"choose one of stem, stage1, stage2, pool$"):
        split(build(RESIDUAL, (3, 16, 16), 2), at)


def test_strides_say_where_the_picture_shrinks() -> None:
    network = build(RESIDUAL, (3, 16, 16), 2)
    front, _ = split(network, "stage2")
    assert front(torch.zeros(1, 3, 16, 16)).shape == (1, 8, 4, 4)
    assert layer_names(network) == ("stem", "stage1", "stage2", "pool", "head")


def test_ryu_case_3_sends_16_by_16_by_64_numbers() -> None:
    network = build(NetworkSpec("ryu"), (3, 32, 32), 10).eval()
    shapes = [tuple(split(network, at)[0](torch.zeros(1, 3, 32, 32)).shape[1:]) for at in RYU_CASES]
    assert shapes == [(64, 32, 32), (64, 32, 32), (64, 16, 16)]


@pytest.mark.parametrize(
    ("name", "takes", "smallest"),
    [
        ("vgg19", (3, 32, 31), 32),
        ("lenet", (1, 15, 28), 16),
        ("six-conv", (3, 7, 7), 8),
        ("ryu", (3, 3, 9), 4),
    ],
)
def test_pictures_of_which_nothing_would_be_left_are_refused(name: str, takes: Takes, smallest: int) -> None:
    spec = msgspec.convert({"name": name, "width": 0.0625}, NetworkSpec)
    with pytest.raises(BadRecipe, match=f"it takes {smallest} × {smallest} and more"):
        build(spec, takes, 2)
    assert build(spec, (takes[0], smallest, smallest), 2).eval()(
        torch.zeros(1, takes[0], smallest, smallest)
    ).shape == (1, 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "alexnet"}, "alexnet"),
        ({"name": "residual"}, "needs widths and strides"),
        ({"name": "residual", "widths": [4, 8], "strides": [2]}, "2 widths do not match 1 strides"),
        ({"name": "vgg16", "widths": [4], "strides": [2]}, "vgg16 has its own widths"),
        ({"name": "vgg16", "width": 0}, "width"),
    ],
)
def test_a_network_that_does_not_exist_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(given, NetworkSpec)
