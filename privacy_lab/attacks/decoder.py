"""Attack: a decoder trained on released features (Dosovitskiy and Brox 2016), as Osia et al. use it.

The adversary is a black box's: he has regions of his own, may send them through the victim's whole edge and
reads the payloads that come out. He holds no weights.
"""

from dataclasses import dataclass, field
from typing import Final, final

import numpy as np
import torch
from torch import Tensor, nn

from models.quantise import Floats
from privacy_lab.attacks.aside import Indices, set_aside
from privacy_lab.attacks.fitting import Budget, Keeping, Pairs, fit, pictures_of, rise_and_fall
from privacy_lab.attacks.linear import Linear, Standard, fit_linear, standard_of
from privacy_lab.attacks.placing import placed
from privacy_lab.attacks.sight import Images, Sight, Watch
from privacy_lab.attacks.told import clean_numbers, mean_of_draws
from privacy_lab.attacks.upconvolution import FULL, UpConvolution, Width
from privacy_lab.attacks.victim import Pixels, Victim
from privacy_lab.devices import Precision
from privacy_lab.noise.mechanisms import twin_of

_MOST_LINEAR: Final = 2048


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """How the decoder is trained.

    Attributes:
        views: How many altered copies (mirrored, moved) of each auxiliary region are released as well.
        aside: Share of the auxiliary regions that decides when to stop.
        pictures: How many pictures are shown in all, copies and repetitions counted.
        epochs: Each is shown at most this often.
        batch: Pictures a step.
        rate: Highest learning rate of AdamW.
        weight_decay: Of AdamW.
        patience: Epochs without a better validation error before training stops.
        precision: Of the products while training.
    """

    views: int = 2
    aside: float = 0.1
    pictures: int = 45_000
    epochs: int = 60
    batch: int = 64
    rate: float = 2e-3
    weight_decay: float = 1e-2
    patience: int = 6
    precision: Precision = "bfloat16"


@dataclass(frozen=True, slots=True)
class StructuralSettings:
    """How the decoder is trained by an adversary who is scored by structural similarity.

    Attributes:
        weight: Of 1 - SSIM beside the mean squared error.
        decoder: All else.
    """

    weight: float = 0.05
    decoder: DecoderSettings = field(default_factory=lambda: DecoderSettings(pictures=30_000))


@final
class _Network(nn.Module):
    """Codes, standardised once for all, to pictures: the best linear guess and what is learnt beyond it."""

    def __init__(
        self,
        standard: Standard,
        linear: Linear,
        shape: tuple[int, ...],
        size: tuple[int, int],
        width: Width,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", standard.mean.float())
        self.register_buffer("spread", standard.spread.float())
        self.linear = linear
        self.beyond = UpConvolution(shape, *size, width)
        self._shape, self._size = shape, size

    mean: Tensor
    spread: Tensor

    def forward(self, codes: Tensor) -> Tensor:
        q = (codes.flatten(1) - self.mean) / self.spread
        # float32 even under autocast: this part is exact and costs little.
        with torch.autocast(q.device.type, enabled=False):
            guess: Tensor = self.linear(q[:, : self.linear.weight.shape[0]])
        beyond: Tensor = self.beyond(q.reshape(-1, *self._shape))
        return guess.reshape(-1, *self._size, 3).permute(0, 3, 1, 2) + beyond


@final
class Decoder:
    """A trained decoder.

    Attributes:
        network: From codes to pictures, float32 [n, 3, h, w], not yet clipped to [0, 1].
        losses: Errors, as it was trained by, on the regions set aside, before the first epoch and after each.
        aside: Which of the auxiliary regions it has not learnt from.
    """

    def __init__(self, network: nn.Module, losses: tuple[float, ...], aside: Indices) -> None:
        self.network = network
        self.losses = losses
        self.aside = aside

    @torch.no_grad()
    def decode(self, codes: Floats) -> Images:
        """Give the pictures, float32 [n, h, w, 3] in [0, 1], that codes [n, *shape] came from."""
        return pictures_of(self.network, codes)


def decoder_attack(sight: Sight, settings: DecoderSettings) -> Images:
    """Reconstruct the observed regions, float32 [n, h, w, 3]."""
    return train_decoder(sight, settings).decode(sight.observed)


def train_decoder(
    sight: Sight,
    settings: DecoderSettings,
    structure: float = 0.0,
    *,
    width: Width = FULL,
    keep: Keeping | None = None,
) -> Decoder:
    """Query the victim with the auxiliary regions and altered copies of them, and learn to undo it.

    `structure` weighs 1 - SSIM beside the mean squared error; `keep` takes up what an earlier run has left.
    """
    learn, aside = set_aside(sight.auxiliary, settings.aside, sight.seed)
    regions = with_views(sight.auxiliary.images[learn], settings.views, sight.seed)
    kept = sight.auxiliary.images[aside]
    network, losses = fit_decoder(
        pairs_of(sight.victim, regions),
        _pairs(sight.victim.release(kept), kept),
        settings,
        structure,
        seed=sight.seed,
        device=sight.device,
        watch=sight.watch,
        width=width,
        keep=keep,
    )
    return Decoder(network, losses, aside)


def fit_decoder(
    pairs: Pairs,
    aside: Pairs,
    settings: DecoderSettings,
    structure: float = 0.0,
    *,
    seed: int,
    device: torch.device,
    watch: Watch,
    width: Width = FULL,
    keep: Keeping | None = None,
) -> tuple[nn.Module, tuple[float, ...]]:
    """Fit the linear guess, then what a network sees beyond it; also give the errors on `aside`.

    Codes that tell nothing of a picture end at the mean picture: the linear guess is that mean, and the
    network, which begins at nothing, is kept only where it errs less on the pictures set aside.
    """
    shape, (height, across) = tuple(pairs.codes.shape[1:]), pairs.regions.shape[1:3]
    released = pairs.released().flatten(1)
    standard = standard_of(released)
    linear = _linear(standard, released, pairs.regions, aside)
    torch.manual_seed(seed)
    network = _Network(standard, linear, shape, (int(height), int(across)), width)
    network = placed(network, device)
    budget = Budget(
        pictures=settings.pictures,
        epochs=settings.epochs,
        batch=settings.batch,
        rate=settings.rate,
        weight_decay=settings.weight_decay,
        patience=settings.patience,
        precision=settings.precision,
        structure=structure,
    )
    return network, fit(network, pairs, aside, budget, rise_and_fall, seed=seed, watch=watch, keep=keep)


def with_views(regions: Pixels, views: int, seed: int) -> Pixels:
    """Give the regions [n, h, w, 3] and `views` altered copies: the first mirrored, the others moved as well.

    They are moved by at most a sixteenth of the sides; what is missing repeats the last row or column.
    """
    _, height, width, _ = regions.shape
    random = np.random.default_rng([seed, 13])
    copies = [regions]
    for view in range(views):
        down, across = (
            random.integers(-(height // 16), height // 16 + 1),
            random.integers(-(width // 16), width // 16 + 1),
        )
        copy = regions if view % 2 else regions[:, :, ::-1]
        if view:
            rows = np.clip(np.arange(height) + down, 0, height - 1)
            columns = np.clip(np.arange(width) + across, 0, width - 1)
            copy = copy[:, rows][:, :, columns]
        copies.append(copy)
    return np.ascontiguousarray(np.concatenate(copies))


def pairs_of(victim: Victim, regions: Pixels) -> Pairs:
    """Pair regions with what is released of them; told of the noise and with the front, anew at each step."""
    if victim.told is None or victim.front is None:
        return _pairs(victim.release(regions), regions)
    twin, draws = twin_of(victim.told.noise, victim.output), victim.told.draws
    clean = _pairs(clean_numbers(victim, victim.front, regions), regions)
    return Pairs(clean.codes, clean.regions, lambda codes: mean_of_draws(twin, codes, draws))


def _pairs(codes: Floats, regions: Pixels) -> Pairs:
    return Pairs(torch.from_numpy(codes), torch.from_numpy(np.ascontiguousarray(regions)))


def _linear(standard: Standard, codes: Tensor, regions: Tensor, aside: Pairs) -> Linear:
    """Fit the linear guess; for codes too long to invert it is the mean picture alone."""
    x = regions.flatten(1).float() / 255
    if standard.mean.numel() > _MOST_LINEAR:
        mean = x.mean(dim=0)
        return Linear(mean, torch.zeros(0, len(mean)))
    rows, rows_aside = standard(codes), standard(aside.codes.flatten(1))
    return fit_linear(rows, x, rows_aside, aside.regions.flatten(1).float() / 255)
