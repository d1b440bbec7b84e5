"""A recipe is read as a whole; an error names the file and the value."""

from pathlib import Path

import pytest

from privacy_lab.errors import BadRecipe
from privacy_lab.recipe import read_any_recipe, read_recipe
from tests.unit.privacy_lab import made

TEXT = made.GENDER_SIMPLE.read_text()


@pytest.mark.parametrize("path", sorted(made.RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_is_named_as_its_file(path: Path) -> None:
    assert read_any_recipe(path).name == path.stem


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("epochs: 48", "epochs: many", "epochs"),
        ("epochs: 48", "epochs: 0", "epochs"),
        ("dtype: int8", "dtype: int4", "int4"),
        ("split: squeeze", "cut: squeeze", "cut"),
        ("seed: 7", "sede: 7", "sede"),
        ("labels: [man, woman]", "labels: [", "here"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, before: str, after: str, word: str) -> None:
    path = tmp_path / "here.yaml"
    path.write_text(TEXT.replace(before, after))
    with pytest.raises(BadRecipe, match=word):
        read_recipe(path)


def test_a_recipe_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="absent"):
        read_recipe(tmp_path / "absent.yaml")


def test_the_digest_follows_what_the_weights_depend_on(tmp_path: Path) -> None:
    def digest(before: str, after: str) -> str:
        path = tmp_path / "changed.yaml"
        path.write_text(TEXT.replace(before, after))
        return read_recipe(path).digest

    same = read_recipe(made.GENDER_SIMPLE).digest
    assert digest("Research and", "Only research and") == same
    assert digest("seed: 7", "seed: 8") != same
