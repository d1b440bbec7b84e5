"""Networks, examples and regions of a made task: small enough to train within a test."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from privacy_lab.data.dataset import Regions
from privacy_lab.embeddings.examples import RegionExamples
from privacy_lab.embeddings.parts import read_parts
from privacy_lab.networks.build import build
from privacy_lab.recipe import Recipe
from tests.unit.privacy_lab import made


def network(plan: Recipe) -> nn.Sequential:
    """A fresh network of the recipe's, the same one each time."""
    torch.manual_seed(1)
    return build(plan.network, plan.takes, len(plan.labels))


def examples(plan: Recipe, folder: Path) -> RegionExamples:
    """The recipe's examples, over data that is made in the folder."""
    return RegionExamples(read_parts(plan, made.data_folder(folder)), plan)


def regions(n: int = 24, side: int = made.SIDE) -> Regions:
    """Noise of one of two brightnesses, by label; four identities."""
    random = np.random.default_rng(5)
    labels = random.integers(0, 2, n)
    images = random.integers(0, 120, (n, side, side, 3)) + 110 * labels[:, None, None, None]
    return Regions(images.astype(np.uint8), labels.astype(np.int64), np.arange(n, dtype=np.int64) % 4)
