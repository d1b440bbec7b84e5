"""The networks and devices that a placement is planned for: frozen values with the paper's quantities.

Source: Baccour et al., "DistPrivacy" (2020), Section II-B. A layer's input feature maps are its segments: who
holds map p of layer l computes what that map adds to every output map of l.
"""

import hashlib
from typing import Annotated, Final, Literal

import msgspec

Kind = Literal["conv", "act", "pool", "fc"]
Topology = Literal["mesh", "star"]
"""`mesh`: helpers send to helpers, as published. `star`: they answer the source, which sums."""

FLOAT_BYTES: Final = 4
"""b of equation (4): the paper says "4 bits" for single precision, which has 4 bytes."""
SOURCE: Final = -1
"""Where a plan names the device of a map: the source itself."""

Positive = Annotated[float, msgspec.Meta(gt=0.0, le=1e18)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1 << 20)]
Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One layer, described by what one of its segments costs.

    Attributes:
        name: Its name in the network.
        kind: What it does; activations and pools are counted as free, as in the paper.
        maps_in: P_{l-1}, input maps: as many segments.
        maps_out: P_l, output maps; 1 behind a fully connected layer.
        multiplications: c^{l,p} of one segment, equations (2) and (3).
        weight_bytes: m^{l,p} of one segment, equation (4).
        map_bytes_in: One input map, as sent.
        map_bytes_out: One output map, as sent.
    """

    name: Name
    kind: Kind
    maps_in: Count
    maps_out: Count
    multiplications: Size = 0
    weight_bytes: Size = 0
    map_bytes_in: Size
    map_bytes_out: Size


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A network as its layers, in order; the first and the last are the source's own (8h)."""

    name: Name
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """Refuse a network without a layer between the first and the last, and names that stand twice."""
        if len(self.layers) < 3:
            raise ValueError(f"{self.name}: {len(self.layers)} layers leave none to hand out")
        if len({layer.name for layer in self.layers}) < len(self.layers):
            raise ValueError(f"{self.name}: two layers have one name")

    @property
    def sha256(self) -> str:
        """Hash of all that a plan depends on."""
        return _sha256(self)

    @property
    def is_chain(self) -> bool:
        """Whether each layer takes exactly what the one before gives; else only a star can run it."""
        pairs = zip(self.layers, self.layers[1:], strict=False)
        return all(a.maps_out == b.maps_in and a.map_bytes_out == b.map_bytes_in for a, b in pairs)


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one device has, and how fast it is.

    Attributes:
        name: Its name; unique among the devices of a site.
        memory_bytes: m̄, for weights.
        multiplications_per_second: e.
        multiplications: c̄, how many it may do a period.
        bandwidth_bytes: b̄, how many bytes it may send a period.
        rate_bytes_per_second: ρ, how fast it sends.
        message_seconds: τ, what each message costs the device whatever its size, in a star. 0 is the model as
            published: equation (5) knows bytes alone.
    """

    name: Name
    memory_bytes: Positive
    multiplications_per_second: Positive
    multiplications: Positive
    bandwidth_bytes: Positive
    rate_bytes_per_second: Positive
    message_seconds: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 0.0


class Fleet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The source and its helpers I_1 … I_D; a plan names helpers by their place here."""

    source: Device
    helpers: tuple[Device, ...]

    def __post_init__(self) -> None:
        """Refuse two devices of one name."""
        names = [device.name for device in (self.source, *self.helpers)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two devices are named {twice}")

    @property
    def sha256(self) -> str:
        """Hash of all that a plan depends on."""
        return _sha256(self)

    @property
    def devices(self) -> tuple[Device, ...]:
        """The source first: device d of a plan stands at d + 1."""
        return (self.source, *self.helpers)

    def name_of(self, device: int) -> str:
        """Give the name of a device as a plan numbers it."""
        return self.devices[device + 1].name


def _sha256(value: Network | Fleet) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
