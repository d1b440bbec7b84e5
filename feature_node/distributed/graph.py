"""Cuts an extractor's ONNX file into what the source runs and the convolutions that are handed out.

Run as a child process (the file on standard input, the cut on standard output, a reason on standard error),
so that the `onnx` package never loads in the edge node.
"""

import math
import sys
from collections.abc import Iterable
from typing import Any, Final, NoReturn, final

import numpy as np
import onnx
from onnx import helper, numpy_helper

from feature_node.distributed.cut import Convolution, Cut, CutLayer, Piece, encode_cut, network_sha256
from feature_node.errors import UnsupportedNetwork

UNSUPPORTED: Final = 3
_COMPUTING: Final = frozenset({"Conv", "Gemm", "MatMul", "ConvTranspose"})
_LINEAR: Final = frozenset({"Gemm", "MatMul"})
_PICTURE_RANK: Final = 4


def cut_network(model: bytes, keep_first: int = 0) -> Cut:
    """Cut a network of one input and one output.

    Every convolution is handed out but the first ones and those that nothing computes after (8h). Of the
    layers that would be, the source keeps the first `keep_first` too: they give most away.

    Raises:
        UnsupportedNetwork: Its form is another, or nothing of it can be handed out.
    """
    loaded = onnx.shape_inference.infer_shapes(onnx.load_from_string(model), strict_mode=True)
    cutter = _Cutter(loaded, keep_first)
    layers = cutter.layers()
    if not layers:
        raise UnsupportedNetwork("it has no convolution between its first and its last layer")
    sha256 = network_sha256(model)
    return Cut(cutter.source, cutter.result, cutter.pieces(), layers, sha256, keep_first)


@final
class _Cutter:
    """One network, each of its tensors with the wave in which it is there."""

    def __init__(self, model: Any, keep_first: int) -> None:
        self._model = model
        graph = model.graph
        self._constants = {value.name: value for value in graph.initializer}
        self._nodes = [node for node in graph.node if not self._took_constant(node)]
        inputs = [end.name for end in graph.input if end.name not in self._constants]
        if len(inputs) != 1 or len(graph.output) != 1:
            raise UnsupportedNetwork(f"it has {len(inputs)} inputs and {len(graph.output)} outputs")
        self.source, self.result = inputs[0], graph.output[0].name
        self._infos = {end.name: end for end in (*graph.value_info, *graph.input, *graph.output)}
        self._away = self._handed_out(keep_first)
        self._waves = self._placed()

    def layers(self) -> tuple[CutLayer, ...]:
        """Give the convolutions that are handed out, those of one tensor together."""
        tensors: dict[str, list[Any]] = {}
        for node in self._nodes:
            if node.output[0] in self._away:
                tensors.setdefault(node.input[0], []).append(node)
        layers = [self._layer(tensor, nodes) for tensor, nodes in tensors.items()]
        return tuple(sorted(layers, key=lambda layer: layer.wave))

    def pieces(self) -> tuple[Piece, ...]:
        """Give what the source runs, wave by wave."""
        return tuple(self._piece(wave) for wave in range(max(self._waves.values()) + 1))

    def _took_constant(self, node: Any) -> bool:
        if node.op_type != "Constant":
            return False
        value = helper.get_attribute_value(node.attribute[0])
        if not isinstance(value, onnx.TensorProto):
            raise UnsupportedNetwork(f"its constant {node.output[0]} is no tensor")
        named = onnx.TensorProto()
        named.CopyFrom(value)
        named.name = node.output[0]
        self._constants[named.name] = named
        return True

    def _handed_out(self, keep_first: int) -> set[str]:
        """Name the outputs of convolutions with one before them and something that computes after them."""
        before: set[str] = set()
        for node in self._nodes:
            if node.op_type == "Conv" or before.intersection(node.input):
                before.update(node.output)
        after: set[str] = set()
        for node in reversed(self._nodes):
            if node.op_type in _COMPUTING or after.intersection(node.output):
                after.update(node.input)
        convolutions = [node for node in self._nodes if node.op_type == "Conv"]
        middle = [n for n in convolutions if n.input[0] in before and n.output[0] in after]
        kept = set(_unique(node.input[0] for node in middle)[:keep_first])
        return {node.output[0] for node in middle if node.input[0] not in kept}

    def _placed(self) -> dict[str, int]:
        waves = {self.source: 0}
        for node in self._nodes:
            wave = max((waves[name] for name in node.input if name in waves), default=0)
            waves.update(dict.fromkeys(node.output, wave + (node.output[0] in self._away)))
        return waves

    def _layer(self, tensor: str, nodes: list[Any]) -> CutLayer:
        _, maps, rows, columns = self._sizes(tensor)
        convolutions = tuple(self._convolution(node) for node in nodes)
        return CutLayer(tensor, self._waves[tensor], maps, rows, columns, convolutions)

    def _convolution(self, node: Any) -> Convolution:
        name = node.name or node.output[0]
        given = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        if given.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise UnsupportedNetwork(f"{name} leaves its padding to the runtime (auto_pad)")
        weights = self._numbers(node.input[1], name)
        bias = self._numbers(node.input[2], name).tobytes() if len(node.input) > 2 else b""
        if weights.ndim != _PICTURE_RANK:
            raise UnsupportedNetwork(f"{name} is no convolution of pictures")
        _, maps_out, rows, columns = self._sizes(node.output[0])
        return Convolution(
            node=name,
            output=node.output[0],
            maps_out=maps_out,
            rows=rows,
            columns=columns,
            size=(weights.shape[2], weights.shape[3]),
            strides=_pair(given.get("strides", (1, 1))),
            dilations=_pair(given.get("dilations", (1, 1))),
            pads=_four(given.get("pads", (0, 0, 0, 0))),
            group=int(given.get("group", 1)),
            weights=weights.tobytes(),
            bias=bias,
        )

    def _numbers(self, name: str, of: str) -> Any:
        if name not in self._constants:
            raise UnsupportedNetwork(f"the weights of {of} are computed, not stored")
        return np.ascontiguousarray(numpy_helper.to_array(self._constants[name]), "<f4")

    def _sizes(self, name: str) -> tuple[int, int, int, int]:
        info = self._infos.get(name)
        sizes = [side.dim_value for side in info.type.tensor_type.shape.dim] if info else []
        if len(sizes) != _PICTURE_RANK or not all(sizes[1:]):
            raise UnsupportedNetwork(f"the size of {name} is not known before it runs")
        return (0, *sizes[1:])

    def _piece(self, wave: int) -> Piece:
        here = [n for n in self._nodes if n.output[0] not in self._away and self._waves[n.output[0]] == wave]
        made = {name for node in here for name in node.output}
        used = _unique(name for node in here for name in node.input)
        takes = tuple(name for name in used if name in self._waves and name not in made)
        gives = tuple(name for node in here for name in node.output if self._is_needed_later(name, wave))
        constants = [self._constants[name] for name in used if name in self._constants]
        model = self._model_of(here, takes, gives, constants) if here else b""
        return Piece(takes, gives, model, sum(map(self._multiplications, here)))

    def _multiplications(self, node: Any) -> int:
        """Count those of a convolution (equation (2), all segments) or a linear layer (equation (3))."""
        if node.op_type not in _COMPUTING or node.input[1] not in self._constants:
            return 0
        weights = math.prod(self._constants[node.input[1]].dims)
        if node.op_type in _LINEAR:
            return int(weights)
        _, _, rows, columns = self._sizes(node.output[0])
        return int(weights) * rows * columns

    def _is_needed_later(self, name: str, wave: int) -> bool:
        users = (node for node in self._nodes if name in node.input)
        later = (node.output[0] in self._away or self._waves[node.output[0]] > wave for node in users)
        return name == self.result or any(later)

    def _model_of(
        self, nodes: list[Any], takes: tuple[str, ...], gives: tuple[str, ...], constants: list[Any]
    ) -> bytes:
        inputs, outputs = ([self._info(name) for name in names] for names in (takes, gives))
        graph = helper.make_graph(nodes, "piece", inputs, outputs, constants)
        model = helper.make_model(graph, opset_imports=self._model.opset_import)
        model.ir_version = self._model.ir_version
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())

    def _info(self, name: str) -> Any:
        if name not in self._infos:
            raise UnsupportedNetwork(f"the type of {name} is not known before it runs")
        return self._infos[name]


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


def _pair(values: Iterable[int]) -> tuple[int, int]:
    first, second = values
    return int(first), int(second)


def _four(values: Iterable[int]) -> tuple[int, int, int, int]:
    above, left, below, right = values
    return int(above), int(left), int(below), int(right)


def _refuse(why: str) -> NoReturn:
    sys.stderr.write(f"{why}\n")
    raise SystemExit(UNSUPPORTED)


def main() -> None:
    """Cut the network that comes on standard input; the argument says how many layers the source keeps."""
    try:
        cut = cut_network(sys.stdin.buffer.read(), int(sys.argv[1]))
    except (UnsupportedNetwork, onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        _refuse((str(error).splitlines() or [type(error).__name__])[0][:300])
    sys.stdout.buffer.write(encode_cut(cut))


if __name__ == "__main__":
    main()
