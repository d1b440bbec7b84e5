"""A tiny network cut in two, made pictures, and noise between the halves."""

from typing import NamedTuple

import torch
from torch import nn

from models.manifest import NoiseSpec
from privacy_lab.data.dataset import Regions
from privacy_lab.networks.build import build
from privacy_lab.networks.cut import split
from privacy_lab.networks.spec import NetworkSpec
from privacy_lab.noise.batches import Batches, Views
from privacy_lab.noise.released import Noisy, laplace_output, median_norm, noisy
from privacy_lab.training import run
from tests.unit.privacy_lab.attacks import planted

CPU = torch.device("cpu")
SHAPE = (8, 16, 16)


class Halves(NamedTuple):
    front: nn.Module
    back: nn.Module


def batches(regions: Regions, batch: int = 32, seed: int = 0, views: Views | None = None) -> Batches:
    return Batches(regions, planted.SIZE, views=views or Views(), batch=batch, seed=seed, device=CPU)


def halves(at: str = "conv1", seed: int = 0) -> Halves:
    torch.manual_seed(seed)
    network = build(NetworkSpec("ryu", width=0.125), (3, planted.SIDE, planted.SIDE), 2)
    return Halves(*split(network, at))


def trained(examples: Batches, epochs: int = 4, at: str = "conv1") -> Halves:
    """Both halves after ordinary training without noise."""
    front, back = halves(at)
    adam = torch.optim.Adam([*front.parameters(), *back.parameters()], lr=3e-3)
    for epoch in range(epochs):
        front.train()
        back.train()
        for x, y in examples.epoch(epoch):
            adam.zero_grad()
            nn.functional.cross_entropy(back(front(x)), y).backward()
            adam.step()
    return Halves(front.eval(), back.eval())


def around(front: nn.Module, examples: Batches, epsilon: float, nullified: float = 0.0) -> Noisy:
    bound = median_norm(front, examples, 100)
    noise = NoiseSpec(mechanism="laplace", bound=bound, epsilon_per_coordinate=epsilon, nullified=nullified)
    with torch.no_grad():
        shape = tuple(front(next(iter(examples.plain(1)))[0]).shape[1:])
    return noisy(noise, laplace_output(shape, bound, epsilon))


def learn(learner: object, epochs: int) -> dict[str, torch.Tensor]:
    return run(learner, epochs=epochs, recipe="made")[1]  # type: ignore[arg-type]
