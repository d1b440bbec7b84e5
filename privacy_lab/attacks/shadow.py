"""Attack: query-free, against a shadow of the extractor (He et al. 2019, section 5).

The adversary is the cloud: he holds its half of the network, sees the payloads that arrive, and has labelled
regions of his own. He knows neither the extractor's weights nor its layers, and may not send it anything.
"""

from dataclasses import dataclass
from typing import Final, final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.manifest import InputSpec, OutputSpec
from models.pictures import normalise
from models.quantise import Floats
from privacy_lab.attacks.fitting import rise_and_fall
from privacy_lab.attacks.inversion import Descent, Inversion
from privacy_lab.attacks.objective import Weights, frozen
from privacy_lab.attacks.placing import placed
from privacy_lab.attacks.sight import Images, Sight, Watch, within
from privacy_lab.data.dataset import UNKNOWN
from privacy_lab.devices import Precision, half_precision
from privacy_lab.errors import AttackImpossible

_WIDEST: Final = 64
_LEAST_SPREAD: Final = 1e-3
_KNEE: Final = 0.01


@dataclass(frozen=True, slots=True)
class ShadowSettings:
    """How the shadow is trained and inverted.

    Attributes:
        pictures: Labelled pictures shown to the shadow in all.
        batch: Pictures a step.
        rate: Highest learning rate of AdamW.
        iterations: Steps of the inversion; 500 in the paper.
        inversion_rate: Its learning rate; 0.1 in the paper.
        smooth: λ of the total variation. The paper's 2 weighs the mean squared difference of neighbours
            against the mean squared misfit; here both are sums, see `scaled`.
        precision: Of the products.
    """

    pictures: int = 30_000
    batch: int = 64
    rate: float = 2e-3
    iterations: int = 500
    inversion_rate: float = 0.1
    smooth: float = 2.0
    precision: Precision = "bfloat16"


@final
class Shadow(nn.Module):
    """A front of the attacker's own: pictures [n, 3, h, w] to numbers of the victim's shape.

    Its last layer brings every number to the mean and spread that the observed payloads have: that much of
    the true front he sees.
    """

    def __init__(self, size: InputSpec, output: OutputSpec, observed: Floats) -> None:
        super().__init__()
        shape = output.shape
        grid = (
            (shape[1], shape[2]) if len(shape) == 3 else (max(1, size.height // 8), max(1, size.width // 8))
        )
        layers: list[nn.Module] = []
        before, height = 3, size.height
        while height > grid[0]:
            step = 2 if height // 2 >= grid[0] else 1
            after = min(_WIDEST, 2 * before if before > 3 else 16)
            layers += _convolution(before, after, step)
            before, height = after, height // 2 if step == 2 else grid[0]
        layers += _convolution(before, before if before > 3 else 16, 1)
        before = before if before > 3 else 16
        layers.append(nn.AdaptiveAvgPool2d(grid))
        if len(shape) == 3:
            layers.append(nn.Conv2d(before, shape[0], 3, padding=1))
        else:
            numbers = int(torch.Size(shape).numel())
            layers += [nn.Flatten(), nn.Linear(before * grid[0] * grid[1], numbers), nn.Unflatten(1, shape)]
        self.layers = nn.Sequential(*layers)
        self.norm = nn.BatchNorm1d(output.numbers, affine=False)
        rows = torch.from_numpy(observed).flatten(1)
        self.register_buffer("mean", rows.mean(dim=0))
        spread = rows.std(dim=0, correction=0) if len(rows) > 1 else torch.ones(output.numbers)
        self.register_buffer("spread", spread.clamp(min=_LEAST_SPREAD))

    mean: Tensor
    spread: Tensor

    def forward(self, pictures: Tensor) -> Tensor:
        """Give the numbers."""
        numbers: Tensor = self.layers(pictures)
        rows: Tensor = self.norm(numbers.flatten(1).float()) * self.spread + self.mean
        return rows.reshape(numbers.shape)


def shadow_attack(sight: Sight, settings: ShadowSettings) -> Images:
    """Reconstruct the observed regions, float32 [n, h, w, 3]; the victim's release is never called.

    Raises:
        AttackImpossible: The cloud's half is not at hand as a differentiable network, or no auxiliary region
            has a label.
    """
    victim = sight.victim
    if victim.back is None:
        raise AttackImpossible("shadow: needs the analyzer as a differentiable network, which is not at hand")
    labelled = np.flatnonzero(sight.auxiliary.labels != UNKNOWN)
    if len(np.unique(sight.auxiliary.labels[labelled])) < 2:
        raise AttackImpossible(
            "shadow: needs auxiliary regions of at least two labels; those here have fewer"
        )
    shadow = train_shadow(sight, frozen(victim.back), settings, within(sight.watch, 0.0, 0.5))
    inversion = Inversion(shadow, victim.input, victim.output, sight.observed, sight.device)
    descent = Descent(settings.iterations, settings.inversion_rate, precision=settings.precision)
    by = Weights(scaled(settings.smooth, victim.input, victim.output))
    start = inversion.neutral(len(sight.observed))
    return inversion.run(sight.observed, start, by, descent, within(sight.watch, 0.5, 1.0))[0]


def train_shadow(sight: Sight, back: nn.Module, settings: ShadowSettings, watch: Watch) -> Shadow:
    """Lower CE(f₂(f̂₁(x)), y) over the shadow f̂₁, the true back f₂ staying as it is."""
    torch.manual_seed(sight.seed)
    victim, device = sight.victim, sight.device
    chosen = np.flatnonzero(sight.auxiliary.labels != UNKNOWN)
    x = torch.from_numpy(normalise(sight.auxiliary.images[chosen], victim.input))
    y = torch.from_numpy(sight.auxiliary.labels[chosen])
    shadow = placed(Shadow(victim.input, victim.output, sight.observed), device)
    back = back.to(device)
    optimizer = torch.optim.AdamW(shadow.parameters(), lr=settings.rate)
    steps = max(1, settings.pictures // settings.batch)
    draw = torch.Generator().manual_seed(sight.seed)
    shadow.train()
    for step in range(steps):
        some = torch.randint(len(x), (min(settings.batch, max(2, len(x))),), generator=draw)
        optimizer.param_groups[0]["lr"] = settings.rate * rise_and_fall(step, steps)
        with half_precision(device, settings.precision):
            scores = back(shadow(x[some].to(device, memory_format=torch.channels_last)))
        loss = functional.cross_entropy(scores.float(), y[some].to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        watch((step + 1) / steps)
    return shadow


def scaled(smooth: float, size: InputSpec, output: OutputSpec) -> float:
    """Turn a weight between means into the same one between sums: means over pixels and over numbers."""
    return smooth * output.numbers / (3 * size.height * size.width)


def _convolution(before: int, after: int, step: int) -> list[nn.Module]:
    return [
        nn.Conv2d(before, after, 3, stride=step, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.LeakyReLU(_KNEE),
    ]
