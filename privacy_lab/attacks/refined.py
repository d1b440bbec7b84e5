"""Attack: inversion that begins at a decoder's reconstruction and stays near it.

The adversary holds the extractor with its weights, has regions of his own and may query: he knows what
the decoder's and the rMLE attack's adversaries know together.
"""

from dataclasses import dataclass

from privacy_lab.attacks.decoder import Decoder
from privacy_lab.attacks.inversion import Descent, Inversion
from privacy_lab.attacks.objective import Weights
from privacy_lab.attacks.rmle import choose, tried_regions
from privacy_lab.attacks.sight import Images, Sight, Watch, as_images, within
from privacy_lab.attacks.told import front_of, misfit_of
from privacy_lab.devices import Precision
from privacy_lab.errors import AttackImpossible


@dataclass(frozen=True, slots=True)
class RefinedSettings:
    """How long to refine, and which weights to choose from.

    Attributes:
        iterations: Steps a picture.
        rate: Learning rate of the first step, in normalised units.
        smooth: The λ of the total variation to choose from.
        near: The μ of the distance from the decoder's reconstruction to choose from; the largest change
            next to nothing, so that refinement is free to do no harm.
        tried: Auxiliary regions that the decoder has not learnt from, on which λ and μ are chosen.
        precision: Of the front's products.
    """

    iterations: int = 200
    rate: float = 0.05
    smooth: tuple[float, ...] = (0.0, 0.1, 1.0)
    near: tuple[float, ...] = (0.1, 1.0, 10.0, 1000.0)
    tried: int = 32
    precision: Precision = "bfloat16"


def refined_attack(sight: Sight, decoder: Decoder, settings: RefinedSettings) -> Images:
    """Refine the decoder's reconstructions of the observed regions, float32 [n, h, w, 3].

    Raises:
        AttackImpossible: The front is no differentiable network here, or the decoder set nothing aside.
    """
    victim, front = sight.victim, front_of(sight.victim)
    if front is None:
        raise AttackImpossible(
            "refined: needs the extractor as a differentiable network, which is not at hand"
        )
    # On regions that the decoder has learnt from, its reconstructions look better than they are.
    tried = tried_regions(sight, decoder.aside, settings.tried)
    codes = victim.release(sight.auxiliary.images[tried])
    apart, unit, scale = misfit_of(victim)
    inversion = Inversion(front, victim.input, victim.output, codes, sight.device, apart=apart, unit=unit)
    descent = Descent(settings.iterations, settings.rate, precision=settings.precision)
    starts = decoder.decode(codes)

    def attempt(by: Weights, watch: Watch) -> Images:
        return inversion.run(codes, starts, by, descent, watch)[0]

    weights = [Weights(scale * smooth, scale * near) for smooth in settings.smooth for near in settings.near]
    truth = as_images(sight.auxiliary.images[tried])
    by = choose(weights, attempt, truth, within(sight.watch, 0.0, 0.6))
    first = decoder.decode(sight.observed)
    return inversion.run(sight.observed, first, by, descent, within(sight.watch, 0.6, 1.0))[0]
