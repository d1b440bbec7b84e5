"""How often the bundle is right, measured through the bytes that are really sent."""

import math
from typing import Final

from feature_node.release.samplers import SeededSamplers
from models.bundle import AnalyzerBundle, ExtractorBundle
from models.manifest import Accuracy
from privacy_lab.data.dataset import Regions
from privacy_lab.released import Edge

# The normal quantile of a two-sided 95 % interval.
_Z: Final = 1.959964
_AT_ONCE: Final = 64


def measure(
    extractor: ExtractorBundle,
    analyzer: AnalyzerBundle,
    regions: Regions,
    *,
    data: str,
    split: str,
    floor: float,
    seed: int = 0,
) -> Accuracy:
    """Release and answer each region as at run time, its noise from a seed, and count the right answers."""
    edge = Edge(extractor, samplers=SeededSamplers(seed))
    labels, right = extractor.manifest.labels, 0
    for start in range(0, len(regions), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        answers = analyzer.analyze(tuple(edge.payloads(regions.images[some])))
        right += sum(labels[k] == label for k, (label, _) in zip(regions.labels[some], answers, strict=True))
    return accuracy_of(right, len(regions), data=data, split=split, floor=floor)


def accuracy_of(right: int, n: int, *, data: str, split: str, floor: float) -> Accuracy:
    """State `right` of `n` as a share with its 95 % interval."""
    low, high = wilson(right, n)
    share = right / n
    return Accuracy(data, split, n, round(share, 4), round(min(low, share), 4), round(high, 4), floor)


def wilson(right: int, n: int) -> tuple[float, float]:
    """Give the 95 % score interval of a share (Wilson 1927): sound near 0 and 1, where shares here lie."""
    share, z2 = right / n, _Z * _Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
