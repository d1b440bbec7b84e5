"""Pictures with and without shaded faces as batches, censored and sent by the run time's own code."""

from collections.abc import Iterator, Sequence
from typing import Final, final, get_args

import numpy as np
from numpy.typing import NDArray

from feature_node.extractor_shade import ShadeOptions, censor
from feature_node.shading import Shape
from models.manifest import InputSpec
from models.pictures import decode_picture, normalise
from privacy_lab.places import Place
from privacy_lab.recipe import PictureRecipe, Style
from privacy_lab.views import disturb_somewhere, put_somewhere, vary

Picture = NDArray[np.uint8]
Batch = tuple[NDArray[np.float32], NDArray[np.int64]]

SHAPES: Final[tuple[Shape, ...]] = get_args(Shape)
# Validation draws from a stream of random numbers of its own, apart from every epoch's.
_VALIDATION: Final = 2**31
_VALIDATED: Final = 256
# The share of epochs that show halves of pictures.
_CLOSE_SHARE: Final = 0.6


@final
class PictureExamples:
    """Batches of censored pictures, half of them with a shaded face, under a recipe."""

    def __init__(self, places: Sequence[Place], recipe: PictureRecipe) -> None:
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
        options = any_options(self._recipe.styles, random)
        view = disturb_somewhere(vary(here, random, closer), random, closer)
        # Half of the shaded faces are where faces are, as far as there are any.
        if shaded and not (view.faces and random.integers(2)):
            view = put_somewhere(view, other, options, random, closer)
        return decode_picture(censor(view.picture, view.faces if shaded else (), options).jpeg, size)


def any_options(styles: Sequence[Style], random: np.random.Generator) -> ShadeOptions:
    """Choose how an edge may be told to shade: one of the styles, a shape, a dilation, a quality."""
    return ShadeOptions(
        style=styles[int(random.integers(len(styles)))],
        shape=SHAPES[int(random.integers(len(SHAPES)))],
        dilate=float(random.uniform(0.1, 0.6)),
        quality=int(random.integers(60, 96)),
    )
