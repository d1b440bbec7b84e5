"""The small networks of the papers, layer by layer under the names that the papers cut them at."""

from collections import OrderedDict
from typing import Final

from torch import nn

from privacy_lab.networks.layers import Layers, Takes, require_size
from privacy_lab.networks.spec import NetworkSpec

_SLOPE: Final = 0.1

RYU_CASES: Final = ("conv1", "conv2", "pool1")
"""Where Ryu et al. cut: Case 1, 2 and 3 leave one, two and three convolutions at the edge."""


def lenet(spec: NetworkSpec, takes: Takes, labels: int) -> Layers:
    """Give LeNet: two 5 × 5 convolutions of 8 and 16 maps without padding, then 120 and 84 neurons.

    Source: DistPrivacy, section III (MNIST, "2 convolutional and 3 fully connected layers", 8 feature maps);
    widths and layer names of He et al. (ACSAC'19), whose attacks both papers use.
    """
    channels, height, width = takes
    first, second, wide, narrow = (spec.scaled(count) for count in (8, 16, 120, 84))
    left = [((side - 4) // 2 - 4) // 2 for side in (height, width)]
    require_size(spec, takes, smallest=16)
    return OrderedDict[str, nn.Module](
        conv1=nn.Conv2d(channels, first, 5),
        ReLU1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(first, second, 5),
        ReLU2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),
        fc1=nn.Sequential(nn.Flatten(), nn.Linear(second * left[0] * left[1], wide)),
        fc1act=nn.ReLU(),
        fc2=nn.Linear(wide, narrow),
        fc2act=nn.ReLU(),
        fc3=nn.Linear(narrow, labels),
    )


def six_conv(spec: NetworkSpec, takes: Takes, labels: int) -> Layers:
    """Give the six-convolution CIFAR network: pairs of 64, 128 and 128 maps, a pool behind each pair.

    Source: He et al. (ACSAC'19), who attack conv11, ReLU22 and ReLU32; DistPrivacy, section III (CIFAR-10,
    "6 convolutional and 2 fully connected layers").
    """
    channels, height, width = takes
    require_size(spec, takes, smallest=8)
    layers: Layers = OrderedDict()
    before = channels
    for block, after in enumerate((spec.scaled(count) for count in (64, 128, 128)), 1):
        for number in (1, 2):
            layers[f"conv{block}{number}"] = nn.Conv2d(before, after, 3, padding=1)
            layers[f"ReLU{block}{number}"] = nn.ReLU()
            before = after
        layers[f"pool{block}"] = nn.MaxPool2d(2)
    hidden = spec.scaled(512)
    numbers = before * (height // 8) * (width // 8)
    layers["fc1"] = nn.Sequential(nn.Flatten(), nn.Linear(numbers, hidden))
    layers["fc1act"] = nn.Sigmoid()
    layers["fc2"] = nn.Linear(hidden, labels)
    return layers


def ryu(spec: NetworkSpec, takes: Takes, labels: int) -> Layers:
    """Give the network of Ryu et al., Fig. 3: three convolutions that may stay at the edge, six behind them.

    Source: their section 3.1.1: 32 × 32 × 3 in, one to three convolutions in the local part (`RYU_CASES`),
    batch normalisation (footnote 1), leaky ReLU of 0.1 as in ARDEN; 16 × 16 × 64 numbers in Case 3. What
    stands in the picture of Fig. 3 alone, the layers behind, is our choice: six convolutions of 128 maps
    in the manner of that time's nine-convolution networks, then a mean over places.
    """
    channels, _, _ = takes
    require_size(spec, takes, smallest=4)
    near, far = spec.scaled(64), spec.scaled(128)
    layers: Layers = OrderedDict()
    sizes = [(near, 3)] * 3 + [(far, 3)] * 4 + [(far, 1)] * 2
    before = channels
    for number, (after, side) in enumerate(sizes, 1):
        layers[f"conv{number}"] = nn.Sequential(
            nn.Conv2d(before, after, side, padding=side // 2, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(_SLOPE),
        )
        before = after
        if number in {3, 6}:
            layers[f"pool{number // 3}"] = nn.MaxPool2d(2)
    layers["mean"] = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    layers["fc1"] = nn.Linear(before, labels)
    return layers
