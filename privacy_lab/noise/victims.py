"""Halves under noise that are still in torch, as an attacker sees them."""

from typing import final

import numpy as np
import torch
from torch import nn

from models.manifest import InputSpec
from models.pictures import normalise
from models.quantise import Floats
from privacy_lab.attacks.placing import device_of
from privacy_lab.attacks.victim import Pixels, Release, Told, Victim
from privacy_lab.attacks.victims import victim_of_halves
from privacy_lab.noise.draws import Source
from privacy_lab.noise.released import Noisy

_AT_ONCE = 128


@final
class NoisyRelease(Release):
    """What the cloud decodes of regions, drawn anew at each call; the sequence follows from the seed."""

    def __init__(self, front: nn.Module, around: Noisy, size: InputSpec, seed: int) -> None:
        self._front, self._around, self._size = front, around, size
        self._source: Source = torch.Generator(device_of(front)).manual_seed(seed)

    @torch.no_grad()
    def __call__(self, regions: Pixels) -> Floats:
        """See `Release`."""
        chunks = [np.zeros((0, *self._around.output.shape), np.float32)]
        for start in range(0, len(regions), _AT_ONCE):
            x = torch.from_numpy(normalise(regions[start : start + _AT_ONCE], self._size))
            sent = self._around.sent(self._front, x.to(device_of(self._front)), self._source)
            chunks.append(sent.cpu().numpy())
        return np.concatenate(chunks)


def victim_under(
    front: nn.Module, back: nn.Module | None, around: Noisy, size: InputSpec, *, labels: int, seed: int
) -> Victim:
    """Give halves with noise between them to an attacker who is told B, ε and μ, both set to answer."""
    plain = victim_of_halves(front, back, size, around.output, labels)
    return Victim(
        input=size,
        output=around.output,
        labels=labels,
        release=NoisyRelease(front.eval(), around, size, seed),
        front=front,
        analyze=plain.analyze,
        back=back,
        told=Told(around.noise),
    )
