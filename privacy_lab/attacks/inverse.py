"""Attack: the black-box inverse network of He et al. 2019, section 4.2.

The adversary queries the victim with regions of his own and holds no weights, as the decoder's does; the
network is the paper's, a few transposed convolutions.
"""

from dataclasses import dataclass
from typing import Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional

from privacy_lab.attacks.aside import set_aside
from privacy_lab.attacks.decoder import pairs_of
from privacy_lab.attacks.fitting import Budget, Pairs, fit, halved_twice, pictures_of
from privacy_lab.attacks.placing import placed
from privacy_lab.attacks.sight import Images, Sight
from privacy_lab.devices import Precision

_MOST: Final = 128
_LAST: Final = 64
# The paper's pictures are 32 × 32; on larger ones channels shrink with the side, so that cost does not grow.
_SIDE: Final = 32


@dataclass(frozen=True, slots=True)
class InverseSettings:
    """How the inverse network is trained: Adam at 1e-3, halved after 20 and 40 of 50 epochs.

    Attributes:
        epochs: As in the paper.
        pictures: At most this many pictures are shown in all; with more auxiliary regions there are fewer
            epochs, and the rate is halved at the same shares of them.
        batch: Pictures a step.
        rate: Adam's.
        aside: Share of the auxiliary regions by which the best epoch is kept.
        precision: Of the products while training.
    """

    epochs: int = 50
    pictures: int = 20_000
    batch: int = 64
    rate: float = 1e-3
    aside: float = 0.1
    precision: Precision = "bfloat16"


@final
class InverseNetwork(nn.Module):
    """Codes [n, *shape] to pictures [n, 3, h, w] by transposed convolutions: some of stride 2, then one of 1.

    One doubling is the paper's plan for ReLU22 (c → 64 → 3), two its plan for ReLU32 (c → 128 → 64 → 3), none
    its plan for conv11 (c → 3); deeper cuts repeat 128. A vector is first spread over a grid of 128 channels.
    """

    def __init__(self, shape: tuple[int, ...], height: int, width: int) -> None:
        super().__init__()
        self._size = (height, width)
        layers: list[nn.Module] = []
        if len(shape) < 3:
            numbers = int(torch.Size(shape).numel())
            grid = (max(1, height // 8), max(1, width // 8))
            layers += [nn.Flatten(), nn.Linear(numbers, _MOST * grid[0] * grid[1]), nn.ReLU()]
            layers += [nn.Unflatten(1, (_MOST, *grid))]
            before, doublings = _MOST, 3
        else:
            before, doublings = shape[0], _doublings(height, shape[1])
        for after in plan(doublings, max(height, width)):
            up = nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1)
            layers += [up, nn.ReLU()]
            before = after
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(before, 3, 3, padding=1))

    def forward(self, codes: Tensor) -> Tensor:
        """Give the pictures; sides that are no power of two of the code's are stretched to fit."""
        x: Tensor = self.layers(codes)
        return (
            x if tuple(x.shape[-2:]) == self._size else functional.interpolate(x, self._size, mode="bilinear")
        )


def plan(doublings: int, side: int) -> tuple[int, ...]:
    """Give the channels behind each doubling, the last one's first at most 64 and none above 128."""
    last = max(8, _LAST * _SIDE // max(side, _SIDE))
    return tuple(min(_MOST, last * 2**back) for back in reversed(range(doublings)))


def inverse_attack(sight: Sight, settings: InverseSettings) -> Images:
    """Reconstruct the observed regions, float32 [n, h, w, 3]."""
    torch.manual_seed(sight.seed)
    victim, images = sight.victim, sight.auxiliary.images
    learn, aside = set_aside(sight.auxiliary, settings.aside, sight.seed)
    # One release of all, the pictures in their order, as long as no noise asks for more.
    codes = victim.release(images)
    kept = Pairs(torch.from_numpy(codes[aside]), torch.from_numpy(images[aside]))
    pairs = Pairs(torch.from_numpy(codes[learn]), torch.from_numpy(images[learn]))
    if victim.told is not None:
        pairs = pairs_of(victim, images[learn])
    network = InverseNetwork(victim.output.shape, victim.input.height, victim.input.width)
    network = placed(network, sight.device)
    _begin_at_the_mean(network, pairs)
    budget = Budget(
        pictures=settings.pictures,
        epochs=settings.epochs,
        batch=settings.batch,
        rate=settings.rate,
        weight_decay=0.0,
        patience=settings.epochs,
        precision=settings.precision,
    )
    fit(network, pairs, kept, budget, halved_twice, seed=sight.seed, watch=sight.watch)
    return pictures_of(network, sight.observed)


@torch.no_grad()
def _begin_at_the_mean(network: InverseNetwork, pairs: Pairs) -> None:
    """Let the first guess be the mean colour: a short training need not find it."""
    bias = network.layers[-1].bias
    if isinstance(bias, Tensor):
        bias.copy_(pairs.regions.float().mean(dim=(0, 1, 2)) / 255)


def _doublings(height: int, rows: int) -> int:
    doublings = 0
    while rows << (doublings + 1) <= height:
        doublings += 1
    return doublings
