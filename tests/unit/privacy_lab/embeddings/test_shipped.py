"""Each shipped recipe leaves the cloud its part: most of the parameters, and enough of the work."""

import pytest

torch = pytest.importorskip("torch")

from privacy_lab.networks.build import build  # noqa: E402
from privacy_lab.networks.cost import costs  # noqa: E402
from privacy_lab.recipe import Recipe, read_any_recipe  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402

READ = [read_any_recipe(path) for path in sorted(made.RECIPES.glob("*.yaml"))]
EMBEDDINGS = [recipe for recipe in READ if isinstance(recipe, Recipe)]


@pytest.mark.parametrize("recipe", EMBEDDINGS, ids=lambda recipe: recipe.name)
def test_the_edge_holds_at_most_half_and_does_at_most_seven_tenths(recipe: Recipe) -> None:
    with torch.device("meta"):
        layers = costs(build(recipe.network, recipe.takes, len(recipe.labels)), recipe.takes)
    front = layers[: [layer.name for layer in layers].index(recipe.split) + 1]
    # Our code and the projection are at the edge too: as many weights as the activation has numbers, times k.
    code = recipe.code.numbers * front[-1].activation_bytes // 4
    whole = sum(layer.parameters for layer in layers) + 2 * code
    assert sum(layer.parameters for layer in front) + code <= whole / 2
    work = sum(layer.multiply_adds for layer in layers) + 2 * code
    assert sum(layer.multiply_adds for layer in front) + code <= 0.7 * work
    assert 4 * whole <= 2 << 20


def test_the_three_tasks_ship_and_gender_with_every_embedding() -> None:
    names = {recipe.name for recipe in EMBEDDINGS}
    assert {"objects-ours", "signs-ours"} <= names
    assert {f"gender-{kind}" for kind in ("simple", "siamese", "advanced", "ours")} <= names
