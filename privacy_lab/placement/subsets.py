"""Attack: inverse networks on some of a layer's feature maps (Baccour et al. 2020, section II.A).

The adversary is a helper: he holds the same few maps of one layer for every picture, no weights, and pictures
of his own that he sent through the network (their equation 1). Beside the inverse network of He et al. 2019
that they use, a decoder that is stronger: first one is taught to see any subset, which also says which
subsets tell most; it then goes on to learn the one that is attacked. Sizes are attacked apart, and the
strongest attack on the most telling subset counts.
"""

import copy
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from models.certificate import Figure
from privacy_lab.attacks.fitting import Budget, Pairs, fit, halved_twice, pictures_of, rise_and_fall
from privacy_lab.attacks.inverse import InverseNetwork
from privacy_lab.attacks.placing import device_of, placed
from privacy_lab.attacks.scores import score
from privacy_lab.attacks.sight import Images, Watch, as_images, unwatched, within
from privacy_lab.attacks.structure import structural_similarity
from privacy_lab.attacks.victim import Pixels
from privacy_lab.battery.statistics import figure_of
from privacy_lab.placement.decoder import Seen, SubsetDecoder, any_of, just
from privacy_lab.placement.effort import Effort
from privacy_lab.placement.found import Attacked, CountFound

INVERSE: Final = "inverse"
DECODER: Final = "decoder"

Subset = tuple[int, ...]

_BATCH: Final = 32
_RATE: Final = 2e-3
_STRUCTURE: Final = 0.1
_BOUNDS: Final = (-1.0, 1.0)
_LOOKED_AT: Final = 32
_ALONE: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The maps of one layer, and the pictures they came from.

    Attributes:
        learn: What the attacker learns from: maps float16 [n, c, h, w], pictures uint8 [n, H, W, 3].
        aside: What he judges himself by.
        attacked: The maps of the pictures that are attacked.
        originals: Those pictures, uint8; never shown to the attacker.
    """

    learn: Pairs
    aside: Pairs
    attacked: Tensor
    originals: Pixels

    @property
    def maps(self) -> int:
        """How many maps there are."""
        return self.learn.codes.shape[1]


def ground_of(maps: Tensor, auxiliary: Pixels, attacked: Pixels, aside: int) -> Ground:
    """Part maps [n, c, h, w] of auxiliary pictures and, behind them, of those attacked."""
    regions, first = torch.from_numpy(np.ascontiguousarray(auxiliary)), len(auxiliary) - aside
    return Ground(
        learn=Pairs(maps[:first], regions[:first]),
        aside=Pairs(maps[first : len(auxiliary)], regions[first:]),
        attacked=maps[len(auxiliary) :],
        originals=attacked,
    )


def floor_of(auxiliary: Pixels, attacked: Pixels) -> Figure:
    """Give what the mean auxiliary picture reaches: nobody needs a map to guess that."""
    mean = auxiliary.astype(np.float32).mean(axis=0) / np.float32(255)
    return similarity(attacked, np.broadcast_to(mean, attacked.shape))


def similarity(originals: Pixels, pictures: Images) -> Figure:
    """Give the mean structural similarity with its 95 % interval over the pictures."""
    return figure_of(score(as_images(originals), pictures).ssim[None], bounds=_BOUNDS)


def counts_of(maps: int, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Give the numbers of maps to attack: those wanted that there are, and all."""
    return (*(count for count in sorted(set(wanted)) if count < maps), maps)


def attack_counts(
    ground: Ground,
    counts: tuple[int, ...],
    effort: Effort,
    *,
    seed: int,
    device: torch.device,
    watch: Watch = unwatched,
) -> tuple[CountFound, ...]:
    """Attack the most telling subsets of each size; fewest maps first."""
    seen, shared = teach_any(ground, counts, effort, seed=seed, device=device, watch=within(watch, 0, 0.3))
    alone = _alone(ground, seen, shared, seed) if counts != (ground.maps,) else ()
    found = []
    for number, count in enumerate(counts):
        part = within(watch, 0.3 + 0.7 * number / len(counts), 0.3 + 0.7 * (number + 1) / len(counts))
        tried = _candidates(ground.maps, count, alone, effort.subsets, seed)
        telling = _most_telling(ground, seen, shared, tried)[: effort.spread]
        attacks: list[Attacked] = []
        for subset in telling:
            attacks += attack_subset(ground, subset, seen, shared, effort, seed=seed, watch=part)
        found.append(CountFound(count, len(tried), tuple(attacks)))
    watch(1.0)
    return tuple(found)


def teach_any(
    ground: Ground,
    counts: tuple[int, ...],
    effort: Effort,
    *,
    seed: int,
    device: torch.device,
    watch: Watch = unwatched,
) -> tuple[Seen, SubsetDecoder]:
    """Teach a decoder to see any subset of these sizes; also give how it is shown maps."""
    seen = Seen(ground.learn.codes, any_of(counts, ground.maps, seed))
    torch.manual_seed(seed)
    mean = ground.learn.regions.float().mean(dim=0).permute(2, 0, 1) / 255
    decoder = placed(SubsetDecoder(tuple(ground.learn.codes.shape[1:]), mean, effort.width), device)
    _learn(decoder, ground, seen, shown=effort.shared, rate=_RATE, seed=seed, watch=watch)
    return seen, decoder


def attack_subset(
    ground: Ground,
    subset: Subset,
    seen: Seen,
    shared: SubsetDecoder,
    effort: Effort,
    *,
    seed: int,
    watch: Watch = unwatched,
) -> tuple[Attacked, Attacked]:
    """Attack one subset by the inverse network of He et al., and by a decoder that goes on from `shared`."""
    inverse = inverse_pictures(ground, subset, effort, seed=seed, device=device_of(shared), watch=watch)
    own, shown = copy.deepcopy(shared), seen.drawing(just(subset, ground.maps))
    _learn(own, ground, shown, shown=effort.tuned, rate=_RATE / 2, seed=seed, watch=watch)
    decoded = pictures_of(own, shown(ground.attacked).numpy())
    return (
        Attacked(INVERSE, subset, similarity(ground.originals, inverse)),
        Attacked(DECODER, subset, similarity(ground.originals, decoded)),
    )


def inverse_pictures(
    ground: Ground, subset: Subset, effort: Effort, *, seed: int, device: torch.device, watch: Watch
) -> Images:
    """Train the published inverse network on these maps; give what it makes of those attacked."""
    places = list(subset)
    _, height, width, _ = ground.originals.shape
    torch.manual_seed(seed)
    network = placed(InverseNetwork((len(places), *ground.attacked.shape[2:]), height, width), device)
    # Up-convolutions are ten times the work of a linear one, which needs more steps.
    shown = effort.inverse if len(network.layers) == 1 else max(1, effort.inverse // 16)
    learn, aside = (
        Pairs(pairs.codes[:shown, places].float(), pairs.regions[:shown])
        for pairs in (ground.learn, ground.aside)
    )
    budget = Budget(shown, 50, _BATCH, effort.inverse_rate, 0.0, 50, "bfloat16")
    fit(network, learn, aside, budget, halved_twice, seed=seed, watch=watch)
    return pictures_of(network, ground.attacked[:, places].float().numpy())


def _learn(
    network: nn.Module, ground: Ground, seen: Seen, *, shown: int, rate: float, seed: int, watch: Watch
) -> None:
    # A decoder that is shown fewer pictures than there are is shown the first of them.
    learn, aside = (
        Pairs(pairs.codes[:shown], pairs.regions[:shown], seen) for pairs in (ground.learn, ground.aside)
    )
    budget = Budget(shown, 1000, _BATCH, rate, 1e-2, 1000, "bfloat16", _STRUCTURE)
    fit(network, learn, aside, budget, rise_and_fall, seed=seed, watch=watch)


def _alone(ground: Ground, seen: Seen, shared: SubsetDecoder, seed: int) -> tuple[int, ...]:
    """Give maps by how much each tells alone, the most telling first; of many maps some."""
    places = np.random.default_rng([seed, 17]).permutation(ground.maps)[:_ALONE].tolist()
    return tuple(place for (place,) in _most_telling(ground, seen, shared, [(place,) for place in places]))


def _candidates(maps: int, count: int, alone: tuple[int, ...], subsets: int, seed: int) -> list[Subset]:
    """Give random subsets of a size, and the maps that tell most alone; each once."""
    if count == maps:
        return [tuple(range(maps))]
    random = np.random.default_rng([seed, 19, count])
    found = {tuple(sorted(random.permutation(maps)[:count].tolist())): None for _ in range(subsets)}
    if count <= len(alone):
        found[tuple(sorted(alone[:count]))] = None
    return list(found)


@torch.no_grad()
def _most_telling(ground: Ground, seen: Seen, shared: SubsetDecoder, subsets: list[Subset]) -> list[Subset]:
    """Order subsets by how well the decoder of any sees with them the pictures set aside; the best first."""
    maps, regions = ground.aside.codes[:_LOOKED_AT], ground.aside.regions[:_LOOKED_AT]
    originals = regions.permute(0, 3, 1, 2).float() / 255
    device, likeness = device_of(shared), []
    for subset in subsets if len(subsets) > 1 else ():
        shown = seen.drawing(just(subset, ground.maps))(maps).to(device)
        likeness.append(float(structural_similarity(shared(shown).float().clamp(0, 1).cpu(), originals)))
    return [subsets[k] for k in np.argsort(likeness)[::-1]] if likeness else subsets
