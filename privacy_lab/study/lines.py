"""Lines of a study's tables, each from one battery; and on what machine they were measured."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from typing import Final

import torch

from models.manifest import Manifest
from privacy_lab.battery.records import Battery
from privacy_lab.study.results import Burden, LayerResult, NoisePoint

_RANK: Final = ("rank-privacy-79", "rank-privacy")


def layer_result(
    layer: str, manifest: Manifest, battery: Battery, milliseconds: float, burden: Burden
) -> LayerResult:
    """Give one line of the table by split layer.

    Raises:
        ValueError: the battery did not reconstruct.
    """
    if battery.accuracy is None or battery.strongest_ssim is None or battery.over_floor is None:
        raise ValueError(f"{layer}: the battery has no reconstruction or no accuracy")
    output = manifest.output
    return LayerResult(
        layer=layer,
        numbers=output.numbers if output else 0,
        payload_bytes=manifest.region_bytes or 0,
        accuracy=battery.accuracy,
        ssim=battery.strongest_ssim,
        ssim_over_floor=battery.over_floor,
        identity_rank1=battery.identity_rank1,
        rank_privacy=battery.rank_privacy,
        milliseconds_a_region=milliseconds,
        burden=burden,
    )


def noise_points(battery: Battery) -> Iterator[NoisePoint]:
    """Give the curve over added noise that the battery's rank attack drew, by growing variance."""
    record = next((found for name in _RANK if (found := battery.record(name)) is not None), None)
    if record is None or battery.identity_rank1 is None:
        return
    variances = record.settings.get("variances", [])
    shares = record.settings.get("noise", [])
    if not isinstance(variances, list) or not isinstance(shares, list):
        return
    for share, variance in zip(shares, variances, strict=True):
        tail = f"/{share:g}" if share else ""
        figures = [record.figures.get(f"{name}{tail}") for name in ("accuracy", "privacy", "rank1")]
        if None not in figures:
            accuracy, privacy, rank1 = (figure.value for figure in figures if figure is not None)
            yield NoisePoint(
                variance=float(variance or 0), accuracy=accuracy, rank_privacy=privacy, rank1=rank1
            )


def machine() -> str:
    """Say on what the figures were taken."""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{platform.machine()}, {torch.get_num_threads()} threads{gpu}, torch {version('torch')}"
