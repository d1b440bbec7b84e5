"""Small networks, devices and caps for tests of placements."""

from feature_node.placement.model import Device, Fleet, Layer, Network
from feature_node.placement.privacy import Caps


def conv(name: str, maps_in: int, maps_out: int, side: int = 8) -> Layer:
    return Layer(
        name=name,
        kind="conv",
        maps_in=maps_in,
        maps_out=maps_out,
        multiplications=9 * maps_out * side * side,
        weight_bytes=36 * maps_out,
        map_bytes_in=4 * side * side,
        map_bytes_out=4 * side * side,
    )


def act(name: str, maps: int, side: int = 8) -> Layer:
    size = 4 * side * side
    return Layer(name=name, kind="act", maps_in=maps, maps_out=maps, map_bytes_in=size, map_bytes_out=size)


def pool(name: str, maps: int, side: int = 8) -> Layer:
    size = 4 * side * side
    return Layer(
        name=name, kind="pool", maps_in=maps, maps_out=maps, map_bytes_in=size, map_bytes_out=size // 4
    )


def dense(name: str, maps_in: int, numbers_in: int, numbers_out: int) -> Layer:
    return Layer(
        name=name,
        kind="fc",
        maps_in=maps_in,
        maps_out=1,
        multiplications=numbers_in * numbers_out // maps_in,
        weight_bytes=4 * numbers_in * numbers_out // maps_in,
        map_bytes_in=4 * numbers_in // maps_in,
        map_bytes_out=4 * numbers_out,
    )


SMALL = Network(
    name="small",
    layers=(
        conv("conv1", 3, 6),
        act("ReLU1", 6),
        conv("conv2", 6, 8),
        act("ReLU2", 8),
        pool("pool2", 8),
        dense("fc1", 8, 128, 16),
        dense("fc2", 1, 16, 4),
    ),
)
"""A network like LeNet: fc1 takes eight maps of 4 × 4."""

TINY = Network(
    name="tiny",
    layers=(
        conv("a", 1, 2),
        act("r", 2),
        conv("b", 2, 2),
        pool("p", 2),
        dense("f", 2, 32, 4),
        dense("g", 1, 4, 2),
    ),
)
"""Few enough maps to try every placement."""


def device(
    name: str, *, e: float = 1e6, rate: float = 1e6, memory: float = 1e6, period: float = 10
) -> Device:
    return Device(
        name=name,
        memory_bytes=memory,
        multiplications_per_second=e,
        multiplications=e * period,
        bandwidth_bytes=rate * period,
        rate_bytes_per_second=rate,
    )


def fleet(*helpers: Device, source: Device | None = None) -> Fleet:
    return Fleet(source=source or device("camera"), helpers=helpers)


def alike(number: int) -> Fleet:
    return fleet(*(device(f"h{place}") for place in range(number)))


def caps(network: Network = SMALL, *, colluding: int = 1, **most: int) -> Caps:
    """Give caps by layer name; a layer that is not named is free."""
    found = tuple(most.get(layer.name, layer.maps_in) for layer in network.layers)
    bound = [place for place, layer in enumerate(network.layers) if found[place] < layer.maps_in]
    return Caps(max_ssim=0.4, colluding=colluding, most=found, split=max(bound, default=-1) + 1)


CAPPED = caps(ReLU1=2, conv2=2, ReLU2=4, pool2=4, fc1=4)
"""fc1 may not be seen whole, so the source computes it."""
FREE_TAIL = caps(ReLU1=2, conv2=2)
