"""A sweep's recipe is read as a whole; what is wrong in it, or not in it, is named."""

from pathlib import Path

import pytest

from privacy_lab.data.catalogue import set_names
from privacy_lab.errors import BadRecipe
from privacy_lab.sweep.recipe import read_sweep_recipe
from tests.unit.privacy_lab import made

RYU = made.RECIPES / "sweeps" / "ryu.yaml"


def test_the_shipped_sweep_has_the_papers_cuts_and_amounts() -> None:
    ryu = read_sweep_recipe(RYU)
    assert (ryu.name, [ryu.layer(case) for case in (1, 2, 3)]) == ("ryu", ["conv1", "conv2", "pool1"])
    assert ryu.epsilons == (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
    assert {ryu.budget(name).width for name in ("full", "published")} == {1.0}


def test_no_front_is_trained_on_the_set_that_it_serves() -> None:
    ryu, known = read_sweep_recipe(RYU), set_names()
    for name, spec in ryu.sets.items():
        assert name not in spec.front
        assert {name, *spec.front} <= set(known)


def test_what_a_sweep_does_not_know_is_named() -> None:
    ryu = read_sweep_recipe(RYU)
    for ask, said in (
        (lambda: ryu.layer(4), "case 4: there are 1 to 3"),
        (lambda: ryu.layer(0), "case 0"),
        (lambda: ryu.budget("endless"), "budget endless: there are brief, hours, full, published"),
        (lambda: ryu.set_spec("faces"), "set faces: there are cifar10-jpeg"),
    ):
        with pytest.raises(BadRecipe, match=said):
            ask()


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("epsilons: [0.1,", "epsilons: [0.0,", "epsilons"),
        ("nullified: 0.0", "nullified: 1.0", "nullified"),
        ("eta: 5.0", "eta: many", "eta"),
        ("kind: sweep", "kind: embedding", "kind"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, before: str, after: str, word: str) -> None:
    path = tmp_path / "here.yaml"
    path.write_text(RYU.read_text().replace(before, after))
    with pytest.raises(BadRecipe, match=rf"here\.yaml.*{word}"):
        read_sweep_recipe(path)


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="absent"):
        read_sweep_recipe(tmp_path / "absent.yaml")
