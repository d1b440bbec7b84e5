"""A network cut in two is the same network, to the last bit."""

import pytest

torch = pytest.importorskip("torch")

from privacy_lab.errors import BadRecipe  # noqa: E402
from privacy_lab.networks.build import build  # noqa: E402
from privacy_lab.networks.cut import layer_names, split  # noqa: E402
from privacy_lab.networks.spec import NetworkSpec  # noqa: E402

TINY = NetworkSpec("residual", (4, 6, 8), (2, 2, 1))


@pytest.mark.parametrize("at", ["head", "nowhere", "", "0"])
def test_a_cut_that_leaves_nothing_names_the_layers(at: str) -> None:
    with pytest.raises(BadRecipe, match="choose one of stem, stage1, stage2, pool$"):
        split(build(TINY, (3, 16, 16), 2), at)


def test_strides_say_where_the_picture_shrinks() -> None:
    network = build(TINY, (3, 16, 16), 2)
    front, _ = split(network, "stage2")
    assert front(torch.zeros(1, 3, 16, 16)).shape == (1, 8, 4, 4)
    assert layer_names(network) == ("stem", "stage1", "stage2", "pool", "head")
