"""Every network of the lab, narrow enough for tests, with the smallest fitting pictures."""

from typing import Final

from privacy_lab.networks.layers import Takes
from privacy_lab.networks.spec import NetworkSpec

EVERY: Final[tuple[tuple[NetworkSpec, Takes], ...]] = (
    (NetworkSpec("lenet"), (1, 28, 28)),
    (NetworkSpec("six-conv", width=0.125), (3, 20, 16)),
    (NetworkSpec("vgg16", width=0.0625), (3, 32, 32)),
    (NetworkSpec("vgg19", width=0.0625), (3, 64, 32)),
    (NetworkSpec("ryu", width=0.125), (3, 16, 16)),
    (NetworkSpec("residual", (4, 6, 8), (1, 2, 2)), (3, 16, 16)),
)
NAMED: Final = [spec.name for spec, _ in EVERY]
