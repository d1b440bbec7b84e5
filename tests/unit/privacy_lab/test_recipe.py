"""A recipe is read as a whole; an error names the file and the value."""

from pathlib import Path

import msgspec
import pytest

from privacy_lab.errors import BadRecipe
from privacy_lab.recipe import read_any_recipe, read_recipe
from tests.unit.privacy_lab import made

TEXT = (made.RECIPES / "gender-ours.yaml").read_text()


@pytest.mark.parametrize("path", sorted(made.RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_recipe_is_named_as_its_file(path: Path) -> None:
    assert read_any_recipe(path).name == path.stem


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        ("epochs: 48", "epochs: many", "epochs"),
        ("epochs: 48", "epochs: 0", "epochs"),
        ("embedding: ours", "embedding: theirs", "theirs"),
        ("split: stage3", "cut: stage3", "cut"),
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

    same = read_recipe(made.RECIPES / "gender-ours.yaml").digest
    assert digest("Research and", "Only research and") == same
    assert digest("seed: 7", "seed: 8") != same


def test_a_recipe_may_be_like_another_but_for_what_it_says_itself() -> None:
    simple, ours = (read_recipe(made.RECIPES / f"gender-{name}.yaml") for name in ("simple", "ours"))
    assert msgspec.structs.replace(simple, name=ours.name, embedding="ours") == ours


def test_a_recipe_like_one_that_is_not_there_names_it(tmp_path: Path) -> None:
    path = tmp_path / "here.yaml"
    path.write_text("like: absent\nname: here\n")
    with pytest.raises(BadRecipe, match=r"absent\.yaml"):
        read_recipe(path)


def test_a_changed_recipe_is_named_after_its_embedding() -> None:
    ours = read_recipe(made.RECIPES / "gender-ours.yaml")
    simple = ours.changed(embedding="simple", split="stage2")
    assert (simple.name, simple.embedding, simple.split) == ("gender-simple", "simple", "stage2")
    assert ours.changed(embedding=None, split=None) == ours
