"""Attack: a denoising decoder, taught with the front's own maps under noise that is drawn anew at each step.

The adversary holds the front, is told B, ε and μ, and has the provider's own pictures. One decoder serves
every amount of noise that it was taught under: it is told how strong the noise is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.quantise import Floats
from privacy_lab.attacks.fitting import rise_and_fall
from privacy_lab.attacks.placing import device_of, placed
from privacy_lab.attacks.sight import Images, Watch, unwatched
from privacy_lab.attacks.structure import structural_similarity
from privacy_lab.devices import Precision, half_precision
from privacy_lab.noise.batches import Batches
from privacy_lab.noise.draws import Source, laplace_like
from privacy_lab.noise.map_decoder import MapDecoder, MapStatistics

Clean = Callable[[Tensor, Source], Tensor]
"""From normalised pictures [n, 3, h, w] to what the front gives of them, bounded, before noise."""

_AT_ONCE: Final = 64
_MEASURED: Final = 1024
_TINY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Lesson:
    """How a decoder is taught.

    Attributes:
        width: Channels of its widest grid.
        pictures: How many are shown in all, repetitions counted.
        rate: The highest of AdamW.
        structure: Weight of 1 - SSIM beside the mean squared error.
        precision: Of the products.
    """

    width: int
    pictures: int
    rate: float = 2e-3
    structure: float = 0.1
    precision: Precision = "bfloat16"


def teach(
    clean: Clean,
    examples: Batches,
    sigmas: tuple[float, ...],
    lesson: Lesson,
    *,
    seed: int,
    device: torch.device,
    watch: Watch = unwatched,
) -> MapDecoder:
    """Teach a decoder to undo noise of any of these standard deviations, one drawn for each picture."""
    torch.manual_seed(seed)
    decoder = placed(MapDecoder(_measured(clean, examples), lesson.width), device)
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=lesson.rate, weight_decay=1e-2)
    strengths = torch.tensor(sigmas, device=device)
    source = torch.Generator(device).manual_seed(seed)
    step, steps = 0, 0
    for epoch in range(2**31):
        for x, _ in examples.epoch(epoch):
            steps = steps or max(1, lesson.pictures // len(x))
            for group in optimizer.param_groups:
                group["lr"] = lesson.rate * rise_and_fall(step, steps)
            sigma = strengths[torch.randint(len(strengths), (len(x),), device=device, generator=source)]
            loss = _loss(decoder, _noisy(clean, x, sigma, source), sigma, examples.pictures(x), lesson)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            step += 1
            watch(step / steps)
            if step == steps:
                return decoder.eval()
    raise AssertionError("an epoch without a batch teaches nothing")


@torch.no_grad()
def decode(decoder: MapDecoder, maps: Floats, sigma: float) -> Images:
    """Give the pictures, float32 [n, h, w, 3] in [0, 1], that noisy maps [n, c, h, w] came from."""
    device, chunks = device_of(decoder), []
    for part in torch.split(torch.from_numpy(maps), _AT_ONCE):
        noise = torch.full((len(part),), sigma, device=device)
        chunks.append(decoder(part.to(device), noise).float().clamp(0, 1).permute(0, 2, 3, 1).cpu())
    return np.ascontiguousarray(torch.cat(chunks).numpy(), np.float32)


@torch.no_grad()
def _noisy(clean: Clean, x: Tensor, sigma: Tensor, source: Source) -> Tensor:
    z = clean(x, source).float()
    return z + laplace_like(z, 2**-0.5, source) * sigma.view(-1, 1, 1, 1)


def _loss(decoder: MapDecoder, maps: Tensor, sigma: Tensor, pictures: Tensor, lesson: Lesson) -> Tensor:
    with half_precision(maps.device, lesson.precision):
        guess = decoder(maps, sigma)
    error = functional.mse_loss(guess.float(), pictures)
    # Outside of autocast: differences of squares need float32.
    return error + lesson.structure * (1 - structural_similarity(guess.float(), pictures))


@torch.no_grad()
def _measured(clean: Clean, examples: Batches) -> MapStatistics:
    maps, pictures = [], []
    for x, _ in examples.plain(_MEASURED):
        maps.append(clean(x, None))
        pictures.append(examples.pictures(x))
    seen = torch.cat(maps)
    mean = seen.mean(dim=(0, 2, 3))
    spread = seen.std(dim=(0, 2, 3), correction=0).clamp_min(_TINY)
    return MapStatistics(mean.view(-1, 1, 1), spread.view(-1, 1, 1), torch.cat(pictures).mean(dim=0))
