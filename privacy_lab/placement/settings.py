"""Which networks are measured on which pictures: as in Table I of Baccour et al., as far as can be had."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from models.manifest import InputSpec
from privacy_lab.networks.spec import NetworkSpec

NetworkName = Literal["six-conv", "lenet", "vgg16", "vgg19"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One network and the pictures it is measured on.

    Attributes:
        spec: The network, of its published width: tables count its maps.
        sets: Data sets by the names of `penumbra lab data`, where no other is asked for.
        side: Height and width that pictures are brought to, in pixels.
        channels: Of them the network takes: 1 for grey pictures.
        epochs: In which it learns its labels where little may be spent.
        telling: The layers that a brief measurement attacks: those printed, and where maps become more.
    """

    spec: NetworkSpec
    sets: tuple[str, ...]
    side: int
    channels: int
    epochs: int
    telling: tuple[str, ...]

    @property
    def input(self) -> InputSpec:
        """How pictures are normalised."""
        return InputSpec(self.side, self.side, 3, (0.48, 0.46, 0.42), (0.25, 0.25, 0.26))


_VGG: Final = ("conv1_2", "conv2_2", "pool2", "pool3", "pool4", "conv5_1", "fc6")

SETTINGS: Final[Mapping[NetworkName, Setting]] = {
    "six-conv": Setting(
        NetworkSpec("six-conv"),
        ("cifar10-jpeg",),
        32,
        3,
        3,
        ("conv12", "conv21", "conv22", "pool2", "conv32", "pool3", "fc1"),
    ),
    "lenet": Setting(NetworkSpec("lenet"), ("mnist",), 28, 1, 10, ("pool1", "conv2", "pool2", "fc1")),
    "vgg16": Setting(NetworkSpec("vgg16"), ("gtsrb10",), 32, 3, 1, _VGG),
    "vgg19": Setting(NetworkSpec("vgg19"), ("gender", "facescrub"), 32, 3, 1, _VGG),
}
