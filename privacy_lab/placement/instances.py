"""Small networks and sites drawn at random, for which the best placement can be proved."""

import random
from collections.abc import Iterator

from feature_node.placement.model import FLOAT_BYTES, Device, Fleet, Layer, Network
from feature_node.placement.privacy import Caps
from feature_node.placement.problem import Problem
from privacy_lab.placement.simulator import device

_MAPS = (4, 6, 8, 12)
_SIDE = 16
_KINDS = ("rpi3", "nexus5", "stm32h7")
_SECOND = 1.0
_SLOWER = 10.0
"""Small networks at a tenth of the speeds: computing then weighs against sending as in large ones."""


def instances(number: int, seed: int) -> Iterator[Problem]:
    """Give problems of two to three convolutions on three to six helpers, some of them scarce."""
    drawn = random.Random(seed)  # noqa: S311 - which instances are tried is no secret
    for _ in range(number):
        network = _network(drawn)
        yield Problem.of(network, _fleet(drawn), _caps(drawn, network), "mesh")


def _network(drawn: random.Random) -> Network:
    side, maps = _SIDE, drawn.choice(_MAPS)
    layers = [_conv("conv1", (3, maps), side), _free("ReLU1", "act", maps, side)]
    for number in range(2, drawn.choice((3, 4))):
        if drawn.random() < 0.5:
            layers.append(_free(f"pool{number}", "pool", maps, side))
            side //= 2
        after = drawn.choice(_MAPS)
        layers += [_conv(f"conv{number}", (maps, after), side), _free(f"ReLU{number}", "act", after, side)]
        maps = after
    numbers = maps * side * side
    layers += [_dense("fc1", maps, (numbers, 16)), _dense("fc2", 1, (16, 4))]
    return Network(name="drawn", layers=tuple(layers))


def _conv(name: str, maps: tuple[int, int], side: int) -> Layer:
    weights, size = 9 * maps[1], FLOAT_BYTES * side * side
    return Layer(
        name=name,
        kind="conv",
        maps_in=maps[0],
        maps_out=maps[1],
        multiplications=weights * side * side,
        weight_bytes=weights * FLOAT_BYTES,
        map_bytes_in=size,
        map_bytes_out=size,
    )


def _free(name: str, kind: str, maps: int, side: int) -> Layer:
    size = FLOAT_BYTES * side * side
    return Layer(
        name=name,
        kind="pool" if kind == "pool" else "act",
        maps_in=maps,
        maps_out=maps,
        map_bytes_in=size,
        map_bytes_out=size // 4 if kind == "pool" else size,
    )


def _dense(name: str, maps: int, numbers: tuple[int, int]) -> Layer:
    weights = numbers[0] * numbers[1] // maps
    return Layer(
        name=name,
        kind="fc",
        maps_in=maps,
        maps_out=1,
        multiplications=weights,
        weight_bytes=weights * FLOAT_BYTES,
        map_bytes_in=FLOAT_BYTES * numbers[0] // maps,
        map_bytes_out=FLOAT_BYTES * numbers[1],
    )


def _fleet(drawn: random.Random) -> Fleet:
    helpers = []
    for number in range(drawn.randint(3, 6)):
        like = device(drawn.choice(_KINDS), f"h{number}", _SECOND)
        speed = like.multiplications_per_second / _SLOWER
        rate = like.rate_bytes_per_second
        if drawn.random() < 0.5:
            speed, rate = 10 ** drawn.uniform(6.3, 8.0), 10 ** drawn.uniform(5.5, 7.0)
        helpers.append(
            Device(
                name=like.name,
                memory_bytes=drawn.choice((5e3, 1e5, 1e6)),
                multiplications_per_second=speed,
                multiplications=speed * drawn.choice((0.02, 0.1, 10.0)),
                bandwidth_bytes=rate * drawn.choice((0.02, 0.1, 10.0)),
                rate_bytes_per_second=rate,
            )
        )
    camera = device("rpi3", "camera", 1e6)
    return Fleet(source=camera, helpers=tuple(helpers))


def _caps(drawn: random.Random, network: Network) -> Caps:
    """Cap the first layers to a quarter, a third or a half of their maps; maps of one size alike."""
    share = drawn.choice((0.25, 0.34, 0.5))
    last = drawn.randint(1, len(network.layers) - 2)
    while network.layers[last].kind not in {"conv", "fc"} and last + 1 < len(network.layers):
        last += 1  # a cap speaks of maps, whether they are before or behind an activation
    most = [
        max(1, int(layer.maps_in * share)) if 0 < place <= last else layer.maps_in
        for place, layer in enumerate(network.layers)
    ]
    bound = [place for place, layer in enumerate(network.layers) if most[place] < layer.maps_in]
    return Caps(max_ssim=0.4, most=tuple(most), split=max(bound) + 1)
