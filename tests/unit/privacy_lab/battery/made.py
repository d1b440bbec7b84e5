"""A bundle of two pixels and people made up for it: all that a battery needs, in milliseconds."""

from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from models.manifest import InputSpec, OutputSpec
from privacy_lab.attacks.decoder import DecoderSettings, StructuralSettings
from privacy_lab.attacks.inverse import InverseSettings
from privacy_lab.attacks.reconstructions import Settings
from privacy_lab.attacks.refined import RefinedSettings
from privacy_lab.attacks.rmle import RmleSettings
from privacy_lab.attacks.shadow import ShadowSettings
from privacy_lab.attacks.victims import victim_of_halves
from privacy_lab.battery.ground import Target
from privacy_lab.battery.plan import Plan
from privacy_lab.data.dataset import Card, Regions
from privacy_lab.data.material import Material

SIDE = 8
BUNDLE = "0123456789abcdef"
CARD = Card("made", "a test", "none", 1, {"dark": 1}, 1, (SIDE, SIDE), (SIDE, SIDE), "0" * 64)
INPUT = InputSpec(SIDE, SIDE, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def quick(iterations: int = 4) -> Settings:
    """Every attack, as brief as it can be."""
    decoder = DecoderSettings(views=0, pictures=256, epochs=2, batch=32, precision="float32")
    return Settings(
        decoder=decoder,
        rmle=RmleSettings(iterations=iterations, smooth=(0.0,), starts=1, tried=2, precision="float32"),
        refined=RefinedSettings(iterations=4, smooth=(0.0,), near=(1.0,), tried=2, precision="float32"),
        inverse=InverseSettings(epochs=1, pictures=64, precision="float32"),
        shadow=ShadowSettings(pictures=64, iterations=4, precision="float32"),
        structural=StructuralSettings(decoder=decoder),
    )


def plan(*only: str, seeds: tuple[int, ...] = (0, 1, 2), iterations: int = 4) -> Plan:
    return Plan(seeds=seeds, only=only, images=20, settings=quick(iterations))


def people(first: int, count: int, each: int, seed: int) -> Regions:
    """`count` people of `each` pictures: those of even number are dark, the others light."""
    random = np.random.default_rng(seed)
    identities = np.repeat(np.arange(first, first + count), each).astype(np.int64)
    labels = identities % 2
    face = random.integers(-40, 41, (count, SIDE, SIDE, 3))[identities - first]
    noise = random.integers(-10, 11, (len(identities), SIDE, SIDE, 3))
    images = np.clip(90 + 70 * labels[:, None, None, None] + face + noise, 0, 255)
    return Regions(images.astype(np.uint8), labels, identities)


def material(each: int = 20) -> Material:
    auxiliary, unseen = people(0, 6, each, 1), people(6, 6, each, 2)
    return Material(auxiliary, unseen, unseen, (CARD,))


@final
class Brightness(nn.Module):
    """Says how bright the picture is, in two numbers: the label and hardly more."""

    def forward(self, x: Tensor) -> Tensor:
        light = x.mean(dim=(1, 2, 3))
        return torch.stack([light, -light], dim=1)


@final
class Everything(nn.Module):
    """Says every pixel."""

    def forward(self, x: Tensor) -> Tensor:
        return x


@final
class Nothing(nn.Module):
    """Says the same of every picture."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x[:, :2, 0, 0])


@final
class Read(nn.Module):
    """Answers light where the first number is above the middle of all."""

    def forward(self, numbers: Tensor) -> Tensor:
        light = numbers.flatten(1)[:, 0] - _MIDDLE
        return torch.stack([-light, light], dim=1)


_MIDDLE = ((90 + 35) / 255 - 0.5) / 0.25


def brightness() -> Target:
    return target(Brightness(), (2,), Read())


def everything() -> Target:
    return target(Everything(), (3, SIDE, SIDE), None)


def nothing() -> Target:
    return target(Nothing(), (2,), Read())


def target(front: nn.Module, shape: tuple[int, ...], back: nn.Module | None) -> Target:
    output = OutputSpec("float32", shape, 4.0, 1.0)
    return Target(BUNDLE, victim_of_halves(front, back, INPUT, output, 2))
