"""The defences that a recipe asks for, ready to learn beside the code."""

import numpy as np
import torch

from models.manifest import OutputSpec
from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.embeddings.adversaries import AdversarialDecoder, IdentityAdversary
from privacy_lab.embeddings.defences import Defence, Weighted
from privacy_lab.embeddings.distance import DistanceCorrelation
from privacy_lab.embeddings.entropy import EntropyBottleneck
from privacy_lab.recipe import DefenceWeights


def defence_of(
    weights: DefenceWeights, regions: Regions, labels: int, output: OutputSpec, device: torch.device
) -> Defence:
    """Give the weighted sum of the defences whose weight is not 0, for a code stored by `output`."""
    (k,) = output.shape
    parts: dict[str, tuple[float, Defence]] = {}
    if weights.rate:
        parts["rate"] = (weights.rate, EntropyBottleneck(1, output, device))
    if weights.excess:
        parts["excess"] = (weights.excess, EntropyBottleneck(labels, output, device))
    if weights.decoder:
        parts["decoder"] = (weights.decoder, AdversarialDecoder(k, device))
    if weights.identity:
        people = 1 + int(regions.identities.max(initial=UNKNOWN))
        adversary = IdentityAdversary(k, people, guess_of(regions), device)
        parts["identity"] = (weights.identity, adversary)
    if weights.distance:
        parts["distance"] = (weights.distance, DistanceCorrelation())
    return Weighted(parts)


def guess_of(regions: Regions) -> float:
    """Give H(identity | label) in nats: how unsure one is who is shown, knowing the answer alone."""
    known = regions.identities != UNKNOWN
    if not known.any():
        return 0.0
    people, labels = regions.identities[known], regions.labels[known]
    together = _entropy(people * (1 + int(labels.max())) + labels)
    return together - _entropy(labels)


def _entropy(values: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> float:
    _, counts = np.unique(values, return_counts=True)
    p = counts / counts.sum()
    return float(-(p * np.log(p)).sum())
