"""Which network, of what size: a frozen value that a recipe or a command gives by name."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, get_args

import msgspec

NetworkName = Literal["lenet", "six-conv", "vgg16", "vgg19", "ryu", "residual"]
NAMES: Final[tuple[NetworkName, ...]] = get_args(NetworkName)

USUAL: Final[Mapping[NetworkName, tuple[tuple[int, int, int], int]]] = {
    "lenet": ((1, 28, 28), 10),
    "six-conv": ((3, 32, 32), 10),
    "vgg16": ((3, 224, 224), 1000),
    "vgg19": ((3, 224, 224), 1000),
    "ryu": ((3, 32, 32), 10),
    "residual": ((3, 32, 32), 10),
}
"""Channels, height and width of the pictures each was published for, and how many labels it told apart."""

_Width = Annotated[int, msgspec.Meta(ge=1, le=4096)]
_Stride = Annotated[int, msgspec.Meta(ge=1, le=8)]
_STAGES: Final = 8


class NetworkSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One network of the lab.

    Attributes:
        name: Which network.
        widths: For `residual` alone: channels of the stem and of each stage behind it.
        strides: For `residual` alone: the step of the stem and of each stage; 2 halves the sides.
        width: What every hidden width is multiplied by; 1 is the published network.
    """

    name: NetworkName
    widths: Annotated[tuple[_Width, ...], msgspec.Meta(max_length=_STAGES)] = ()
    strides: Annotated[tuple[_Stride, ...], msgspec.Meta(max_length=_STAGES)] = ()
    width: Annotated[float, msgspec.Meta(gt=0.0, le=8.0)] = 1.0

    def __post_init__(self) -> None:
        """Refuse a residual network without stages, and stages for networks that have their own."""
        if self.name == "residual" and not self.widths:
            raise ValueError("a residual network needs widths and strides, one of each a stage")
        if len(self.widths) != len(self.strides):
            raise ValueError(f"{len(self.widths)} widths do not match {len(self.strides)} strides")
        if self.name != "residual" and self.widths:
            raise ValueError(f"{self.name} has its own widths: leave widths and strides out, or set width")

    def scaled(self, channels: int) -> int:
        """Give a published width times the multiplier, at least one."""
        return max(1, round(channels * self.width))
