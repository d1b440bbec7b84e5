"""How often a bundle of pictures is right: for each style and shape, on what an edge really sends."""

from collections.abc import Iterator, Sequence
from typing import Final, get_args

import numpy as np

from feature_node.extractor_shade import ShadeOptions, censor
from feature_node.shading import Shape
from models.bundle import AnalyzerBundle
from models.manifest import Accuracy
from privacy_lab.errors import ExportFailed
from privacy_lab.evaluation import accuracy_of
from privacy_lab.picture_examples import SHAPES, any_options
from privacy_lab.places import Place, Places
from privacy_lab.recipe import PictureRecipe, Style
from privacy_lab.views import put_somewhere

STYLES: Final[tuple[Style, ...]] = get_args(Style)
"""All are measured, also those that a recipe does not train on: the manifest says what is not recognised."""

_DILATES: Final = (0.15, 0.3, 0.5)
_QUALITIES: Final = (60, 75, 90)
_HOW: Final = (
    "the same frames with their faces as they are and shaded as an edge does; clips never trained on"
)
_ELSEWHERE: Final = (
    "as an edge sends frames that show no face, and with shaded ones put at random places; "
    + "clips never trained on"
)

Pair = tuple[bytes, bytes]


def measure_pictures(recipe: PictureRecipe, places: Places, analyzer: AnalyzerBundle) -> tuple[Accuracy, ...]:
    """Count right answers over the held-out frames, each once without and once with shaded faces.

    Gives one entry a style and shape over the clips that show faces, then one over those that show none.

    Raises:
        ExportFailed: a style that the recipe trains on does not beat its floor.
    """
    peopled = {name: some for name, some in places.held_out.items() if _shows_faces(some)}
    empty = {name: some for name, some in places.held_out.items() if name not in peopled}
    found = []
    if peopled:
        together = [place for some in peopled.values() for place in some if place.faces]
        for style in STYLES:
            for shape in SHAPES:
                right = _right(recipe, censored_pairs(together, style, shape), analyzer)
                split = f"style {style}, shape {shape}: {_HOW}"
                found.append(_entry(recipe, right, peopled, split, needed=style in recipe.styles))
    if empty:
        pairs = placed_pairs([place for some in empty.values() for place in some], recipe)
        split = f"style {' or '.join(recipe.styles)}, either shape: {_ELSEWHERE}"
        found.append(_entry(recipe, _right(recipe, pairs, analyzer), empty, split, needed=True))
    return tuple(found)


def censored_pairs(places: Sequence[Place], style: Style, shape: Shape) -> Iterator[Pair]:
    """Give each place as two JPEGs: with its faces as they are, and with them shaded.

    Dilation and quality go round those that an edge may be told.
    """
    for number, place in enumerate(places):
        dilate = _DILATES[number % len(_DILATES)]
        quality = _QUALITIES[number // len(_DILATES) % len(_QUALITIES)]
        options = ShadeOptions(style=style, shape=shape, dilate=dilate, quality=quality)
        yield censor(place.picture, (), options).jpeg, censor(place.picture, place.faces, options).jpeg


def placed_pairs(places: Sequence[Place], recipe: PictureRecipe) -> Iterator[Pair]:
    """Give each place as an edge sends it, and with shaded faces at random places; by the recipe's seed."""
    random = np.random.default_rng(recipe.training.seed)
    for place in places:
        other, options = places[int(random.integers(len(places)))], any_options(recipe.styles, random)
        put = put_somewhere(place, other, options, random)
        as_it_is = censor(place.picture, place.faces, options).jpeg
        yield as_it_is, censor(put.picture, put.faces, options).jpeg


def _shows_faces(places: Sequence[Place]) -> bool:
    # A detector errs now and then: what it finds in most frames is there.
    return 2 * sum(bool(place.faces) for place in places) > len(places)


def _right(recipe: PictureRecipe, pairs: Iterator[Pair], analyzer: AnalyzerBundle) -> tuple[int, int]:
    right = n = 0
    for pair in pairs:
        answers = [label for label, _ in analyzer.analyze(pair)]
        right += sum(a == b for a, b in zip(answers, recipe.labels, strict=True))
        n += len(pair)
    return right, n


def _entry(
    recipe: PictureRecipe,
    counted: tuple[int, int],
    clips: dict[str, list[Place]],
    split: str,
    *,
    needed: bool,
) -> Accuracy:
    found = accuracy_of(*counted, data=f"frames of {', '.join(clips)}", split=split, floor=recipe.floor)
    if needed and found.accuracy <= recipe.floor:
        raise ExportFailed(
            f"{recipe.name}: {split}: accuracy {found.accuracy} does not beat the floor {recipe.floor}"
        )
    return found
