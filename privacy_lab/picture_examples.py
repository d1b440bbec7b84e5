"""Pictures with and without shaded regions as batches, through the JPEG that is really sent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from models.manifest import InputSpec
from models.pictures import decode_picture, encode_picture, normalise
from privacy_lab.clips import CLIP_SETS, find_clips, frames, photographs
from privacy_lab.errors import BadData, BadRecipe
from privacy_lab.recipe import PictureRecipe, Style
from privacy_lab.shading import disturb_somewhere, shade_somewhere, vary

Picture = NDArray[np.uint8]
Batch = tuple[NDArray[np.float32], NDArray[np.int64]]

PHOTOGRAPHS: Final = "photographs"
# Validation draws from a stream of random numbers of its own, apart from every epoch's.
_VALIDATION: Final = 2**31
_VALIDATED: Final = 256
# The share of epochs that show halves of pictures.
_CLOSE_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Places:
    """Uncensored pictures by the clip set they are from."""

    train: dict[str, list[Picture]]
    held_out: dict[str, list[Picture]]


def read_places(recipe: PictureRecipe, data: Path) -> Places:
    """Read the frames that the recipe names; a clip that is held out trains nothing.

    Raises:
        BadData: a clip set is not there, or a clip cannot be read.
        BadRecipe: the recipe names a clip set that is none.
    """
    return Places(
        {key: _pictures(key, recipe, data, held_out=False) for key in recipe.train},
        {key: _pictures(key, recipe, data, held_out=True) for key in recipe.held_out},
    )


@final
class PictureExamples:
    """Batches of censored pictures, half of them with a shaded region, under a recipe."""

    def __init__(self, places: Sequence[Picture], recipe: PictureRecipe) -> None:
        self._places = places
        self._recipe = recipe
        self._shown = list(self._batches(_VALIDATED // recipe.training.batch, _VALIDATION, closer=1))

    @property
    def steps(self) -> int:
        """How many batches one epoch has."""
        return max(1, self._recipe.views // self._recipe.training.batch)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Give the epoch's batches; the same number, the same batches.

        The first epochs show halves of pictures, four times as many: a region is large there, its looks
        are soon learnt. A network that looks everywhere alike can then look at whole pictures.
        """
        first = number < _CLOSE_SHARE * self._recipe.training.epochs
        return self._batches(self.steps, number, closer=2 if first else 1)

    def validation(self) -> Iterator[Batch]:
        """Give views of the training places that no epoch shows; they only choose when to stop."""
        return iter(self._shown)

    def _batches(self, count: int, number: int, *, closer: int) -> Iterator[Batch]:
        random = np.random.default_rng([self._recipe.training.seed, number])
        whole = self._recipe.input
        size = InputSpec(whole.height // closer, whole.width // closer, 3, whole.mean, whole.std)
        for _ in range(max(1, count)):
            labels = random.integers(0, 2, self._recipe.training.batch * closer**2)
            views = [self._view(bool(label), size, random, closer) for label in labels]
            yield normalise(np.stack(views), size), labels.astype(np.int64)

    def _view(self, shaded: bool, size: InputSpec, random: np.random.Generator, closer: int) -> Picture:
        here, other = (self._places[int(k)] for k in random.integers(0, len(self._places), 2))
        view = disturb_somewhere(vary(here, random, closer), random, closer)
        view = shade_somewhere(view, other, self._recipe.styles, random, closer) if shaded else view
        return decode_picture(encode_picture(view, int(random.integers(75, 96))), size)


def censored_pairs(
    places: Sequence[Picture], styles: Sequence[Style], seed: int
) -> Iterator[tuple[bytes, bytes]]:
    """Give each place as two JPEGs: without and with shaded regions, the same for the same seed."""
    random = np.random.default_rng(seed)
    for place in places:
        other = places[int(random.integers(len(places)))]
        yield encode_picture(place), encode_picture(shade_somewhere(place, other, styles, random))


def _pictures(key: str, recipe: PictureRecipe, data: Path, *, held_out: bool) -> list[Picture]:
    if key == PHOTOGRAPHS:
        return photographs()
    name, _, stem = key.partition("/")
    about = next((one for one in CLIP_SETS if one.key == name), None)
    if about is None:
        known = ", ".join([*(one.key for one in CLIP_SETS), PHOTOGRAPHS])
        raise BadRecipe(f"{recipe.name}: {key!r} is not a clip set; choose among {known}")
    parted = [word.partition("/") for word in recipe.held_out]
    withheld = () if held_out else tuple(one for of, _, one in parted if of == name)
    clips = [clip for clip in find_clips(data, about, withheld) if not stem or clip.stem == stem]
    if not clips:
        raise BadData(f"{recipe.name}: {key!r}: no such clip in {data}")
    return [frame for clip in clips for frame in frames(clip, recipe.every)]
