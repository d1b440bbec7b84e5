"""A network cut in two is the same network, to the last bit."""

import pytest

torch = pytest.importorskip("torch")

from privacy_lab.errors import BadRecipe  # noqa: E402
from privacy_lab.networks.residual import build, count_parameters, split  # noqa: E402
from privacy_lab.recipe import read_recipe  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402

NAMES = ["stem", "stage1", "stage2", "squeeze", "expand", "refine", "pool", "head"]


@pytest.mark.parametrize("at", NAMES[:-1])
def test_back_after_front_is_exactly_the_whole(at: str) -> None:
    torch.manual_seed(0)
    network = build(made.recipe().network, 2).eval()
    front, back = split(network, at)
    pictures = torch.randn(3, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(back(front(pictures)), network(pictures))
    assert count_parameters(front) + count_parameters(back) == count_parameters(network)


@pytest.mark.parametrize("at", ["head", "nowhere", "", "0"])
def test_a_cut_that_leaves_nothing_names_the_layers(at: str) -> None:
    with pytest.raises(BadRecipe, match="squeeze"):
        split(build(made.recipe().network, 2), at)


def test_the_code_is_bounded_inside_the_network() -> None:
    front, _ = split(build(made.recipe().network, 2).eval(), "squeeze")
    with torch.no_grad():
        assert float(front(1e4 * torch.randn(2, 3, 16, 16)).abs().max()) == 4.0


def test_the_shipped_recipe_leaves_at_most_half_of_the_network_at_the_edge() -> None:
    recipe = read_recipe(made.GENDER_SIMPLE)
    front, back = split(build(recipe.network, 2), recipe.split)
    assert count_parameters(front) <= count_parameters(back)
    assert front.eval()(torch.zeros(1, 3, 64, 64)).numel() == 64
