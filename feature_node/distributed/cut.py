"""An extractor cut for distribution: what the source runs itself, and the layers whose maps are handed out.

Layers and pieces take turns. Piece k gives the maps of the layers of wave k; once their outputs are summed,
piece k + 1 goes on from them. Every activation, pooling, residual addition, the first and the last layers
are in the pieces, so only convolutions are handed out (Baccour et al., 2020, equation (8h)).
"""

import hashlib
from typing import Final

import msgspec

from feature_node.errors import BadSettings

MAX_CUT_BYTES: Final = 2**30


class Convolution(msgspec.Struct, frozen=True, array_like=True):
    """One convolution that is handed out.

    Attributes:
        node: Its name in the network.
        output: The tensor that it makes.
        maps_out: Output maps.
        rows: Rows of an output map.
        columns: Columns of an output map.
        size: Rows and columns of the filter.
        strides: By rows and columns, as are the following.
        dilations: Steps between the filter's points.
        pads: Zeros above, left, below and right.
        group: Parts of the maps that see each other alone.
        weights: float32 [maps_out, maps_in / group, *size], little-endian.
        bias: float32 [maps_out]; empty for none.
    """

    node: str
    output: str
    maps_out: int
    rows: int
    columns: int
    size: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    group: int
    weights: bytes
    bias: bytes


class CutLayer(msgspec.Struct, frozen=True, array_like=True):
    """All convolutions that take the same feature maps: who has a map has it for all of them.

    Attributes:
        tensor: The maps that they take.
        wave: After which piece they are there.
        maps_in: How many maps; P of equations (6) and (8f).
        rows: Rows of a map.
        columns: Columns of a map.
        convolutions: One or more.
    """

    tensor: str
    wave: int
    maps_in: int
    rows: int
    columns: int
    convolutions: tuple[Convolution, ...]

    @property
    def name(self) -> str:
        """The layer's name: that of its first convolution."""
        return self.convolutions[0].node

    @property
    def names(self) -> tuple[str, ...]:
        """Names under which the layer may have been measured."""
        return (*(convolution.node for convolution in self.convolutions), self.tensor)


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """What the source runs in one go.

    Attributes:
        takes: The tensors that it needs.
        gives: The tensors that are needed later.
        model: An ONNX file; empty where there is nothing to run.
        multiplications: Of its convolutions and linear layers, for one picture.
    """

    takes: tuple[str, ...]
    gives: tuple[str, ...]
    model: bytes
    multiplications: int


class Cut(msgspec.Struct, frozen=True, array_like=True):
    """A network cut for distribution.

    Attributes:
        source: The tensor of the pictures, float32 [n, channels, rows, columns].
        result: The tensor of the embedding.
        pieces: In order, one more than there are waves.
        layers: In order of their waves.
        sha256: Of the network's file, in hex digits.
        kept: Layers that could have been handed out and that the source keeps.
    """

    source: str
    result: str
    pieces: tuple[Piece, ...]
    layers: tuple[CutLayer, ...]
    sha256: str
    kept: int

    def wave(self, number: int) -> tuple[tuple[int, CutLayer], ...]:
        """Give the layers that follow a piece, each with its place among all layers."""
        return tuple((k, layer) for k, layer in enumerate(self.layers) if layer.wave == number)


def network_sha256(model: bytes) -> str:
    """Name a network by its bytes."""
    return hashlib.sha256(model).hexdigest()


def encode_cut(cut: Cut) -> bytes:
    """Write a cut for the process that asked for it."""
    return msgspec.msgpack.encode(cut)


def decode_cut(data: bytes) -> Cut:
    """Read what `encode_cut` wrote.

    Raises:
        BadSettings: It is not that.
    """
    if len(data) > MAX_CUT_BYTES:
        raise BadSettings(f"a cut network of {len(data)} bytes is larger than {MAX_CUT_BYTES}")
    try:
        return msgspec.msgpack.decode(data, type=Cut)
    except msgspec.DecodeError as error:
        raise BadSettings(f"the network was not cut: {error}") from error
