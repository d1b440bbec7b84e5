"""Attack: white-box regularised maximum likelihood (He et al. 2019, section 4.1), batched over pictures.

The adversary holds the extractor with its weights, and some regions of his own to choose λ by. He has not
trained on anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.quantise import Floats
from privacy_lab.attacks.aside import Indices
from privacy_lab.attacks.inversion import Descent, Inversion, best_of, shorter
from privacy_lab.attacks.objective import Weights
from privacy_lab.attacks.scores import score
from privacy_lab.attacks.sight import Images, Sight, Watch, as_images, within
from privacy_lab.attacks.told import front_of, misfit_of
from privacy_lab.devices import Precision
from privacy_lab.errors import AttackImpossible


@dataclass(frozen=True, slots=True)
class RmleSettings:
    """How long to descend, from how many starts, and which λ to choose from.

    Attributes:
        iterations: Steps from each start.
        rate: Learning rate of the first step, in normalised units.
        smooth: The λ of the total variation to choose from.
        starts: The neutral picture, and this many less one of noise.
        tried: Auxiliary regions on which λ is chosen.
        precision: Of the front's products.
    """

    iterations: int = 600
    rate: float = 0.1
    smooth: tuple[float, ...] = (0.0, 0.003, 0.03, 0.3, 3.0)
    starts: int = 2
    tried: int = 16
    precision: Precision = "bfloat16"


def rmle_attack(sight: Sight, settings: RmleSettings) -> Images:
    """Reconstruct the observed regions, float32 [n, h, w, 3].

    Raises:
        AttackImpossible: The front is not known as a differentiable network, or nothing is there to try λ on.
    """
    victim, front = sight.victim, front_of(sight.victim)
    if front is None:
        raise AttackImpossible("rmle: needs the extractor as a differentiable network, which is not at hand")
    tried = tried_regions(sight, np.arange(len(sight.auxiliary)), settings.tried)
    codes = victim.release(sight.auxiliary.images[tried])
    apart, unit, scale = misfit_of(victim)
    inversion = Inversion(front, victim.input, victim.output, codes, sight.device, apart=apart, unit=unit)
    descent = Descent(settings.iterations, settings.rate, precision=settings.precision)
    truth = as_images(sight.auxiliary.images[tried])
    starts = inversion.neutral(len(tried))

    def attempt(by: Weights, watch: Watch) -> Images:
        return inversion.run(codes, starts, by, shorter(descent, 0.25), watch)[0]

    weights = [Weights(scale * smooth) for smooth in settings.smooth]
    by = choose(weights, attempt, truth, within(sight.watch, 0.0, 0.2))
    return from_starts(inversion, sight, by, descent, settings.starts)


def from_starts(inversion: Inversion, sight: Sight, by: Weights, descent: Descent, starts: int) -> Images:
    """Invert the observed payloads from the neutral picture and from noise; each keeps its best try."""
    random = np.random.default_rng([sight.seed, 17])
    tries: list[tuple[Images, Floats]] = []
    for number in range(starts):
        start = inversion.neutral(len(sight.observed))
        if number:
            start = np.clip(start + random.normal(0, 0.2, start.shape), 0, 1).astype(np.float32)
        watch = within(sight.watch, 0.2 + 0.8 * number / starts, 0.2 + 0.8 * (number + 1) / starts)
        tries.append(inversion.run(sight.observed, start, by, descent, watch))
    return best_of(tries)


def choose(
    weights: Sequence[Weights], attempt: Callable[[Weights, Watch], Images], truth: Images, watch: Watch
) -> Weights:
    """Give the weights under which an attempt on the attacker's own regions comes nearest to them by SSIM."""
    reached = []
    for number, by in enumerate(weights):
        images = attempt(by, within(watch, number / len(weights), (number + 1) / len(weights)))
        reached.append(float(score(truth, images).ssim.mean()))
    return weights[int(np.argmax(reached))]


def tried_regions(sight: Sight, among: Indices, most: int) -> Indices:
    """Draw up to `most` of the auxiliary regions `among`, the same for the same seed.

    Raises:
        AttackImpossible: There are none.
    """
    if not len(among):
        raise AttackImpossible("no auxiliary regions to choose the attack's weights on")
    drawn = np.random.default_rng([sight.seed, 19]).permutation(among)[:most]
    return np.asarray(drawn, np.int64)
