"""Made-up facts for a page: noise in place of pictures."""

from typing import Any

import numpy as np

from models.certificate import Attack, Figure
from privacy_lab.certify.facts import Compared, Curve, CurvePoint, PageFacts, Reconstructed
from tests.unit.models import made


def figure(value: float, half: float = 0.01) -> Figure:
    return Figure(value, value - half, value + half)


def attack(name: str, kind: Any, **figures: float) -> Attack:
    return Attack(
        name=name,
        kind=kind,
        settings={"epochs": 3, "widths": [64, 32], "rate": None},
        seeds=(0, 1, 2),
        figures={key.replace("__", "/"): figure(value) for key, value in figures.items()},
    )


ATTACKS = (
    attack("class-mean", "reconstruction", ssim=0.3, ssim_over_floor=0.0, psnr=12.0, mse=0.06),
    attack("decoder", "reconstruction", ssim=0.32, ssim_over_floor=0.02, psnr=13.0, mse=0.05),
    attack("retrieval-within-label", "identity", rank1=0.1, rank1__chance=0.08, rank1__euclidean__mean=0.09),
    attack("rank-privacy", "identity", privacy=0.31, privacy__0=0.31, accuracy=0.97, ceiling=0.33),
)


def page_facts(*, certificate: dict[str, Any] | None = None, **changes: Any) -> PageFacts:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
    row = Compared("ours", figure(0.97), figure(0.1), figure(0.31), figure(0.32), 0.2, 4)
    described = made.manifest(made.halves())
    plain: dict[str, Any] = {
        "name": "tiny",
        "task": "tell one thing from another",
        "labels": ("this", "that"),
        "region": "face",
        "terms": "free for any use",
        "certificate": made.certificate(described, **({"attacks": ATTACKS} | (certificate or {}))),
        "originals": pictures,
        "reconstructed": (Reconstructed("ours", 255 - pictures, "SSIM 0.32"),),
        "embeddings": (row, row),
        "curves": (Curve("ours", (CurvePoint(0.0, 0.97, 0.1), CurvePoint(1.0, 0.9, 0.3))),),
        "layers": (row,),
    }
    return PageFacts(**(plain | changes))
