"""Rewrites CenterFace's ONNX file so that it takes pictures of any size, fast and in little memory.

Run as a child process (`python -m feature_node.centerface_rewrite FILE`, the result on standard output), so
that the `onnx` package never loads in the edge node. The numbers that the network gives stay the same:

- The published file declares inputs of 10x3x32x32: its sizes become free.
- It lists its weights as inputs, which keeps ONNX Runtime from folding and re-ordering them: they become
  constants (2.4 times faster).
- The landmarks are not needed: that output goes.
- The first expanded blocks hold the largest tensors by far. Their channels are independent between the
  expansion and the projection, so each is computed in slices whose projections are summed.
"""

import sys
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

INPUT: Final = "input.1"
OUTPUTS: Final = ("537", "538", "539")
SLICES: Final = 6
SLICED_BLOCKS: Final = 3

_Values = tuple[NDArray[Any], NDArray[Any] | None]
_BLOCK: Final = ("Conv", "Relu", "Conv", "Relu", "Conv")


def rewrite(source: bytes) -> bytes:
    """Give the rewritten model."""
    model = onnx.load_from_string(source)
    graph = model.graph
    _keep(graph.output, [end for end in graph.output if end.name in OUTPUTS])
    _keep(graph.input, [end for end in graph.input if end.name == INPUT])
    for end in (*graph.input, *graph.output):
        _free_size(end)
    for _ in range(SLICED_BLOCKS):
        _Slicer(graph).slice_first_block()
    _prune(graph)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _keep(field: Any, wanted: list[Any]) -> None:
    kept = list(wanted)
    del field[:]
    field.extend(kept)


def _free_size(end: Any) -> None:
    sizes = end.type.tensor_type.shape.dim
    for place in (0, 2, 3):
        sizes[place].dim_param = f"{end.name}_{place}"


def _prune(graph: Any) -> None:
    """Take out what no output needs."""
    needed = {end.name for end in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
    _keep(graph.node, nodes[::-1])
    _keep(graph.initializer, [value for value in graph.initializer if value.name in needed])


@final
class _Slicer:
    """Finds the first block of expansion, depthwise convolution and projection, and slices its channels."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._values: dict[str, NDArray[Any]] = {v.name: numpy_helper.to_array(v) for v in graph.initializer}
        self._users: dict[str, list[Any]] = {}
        for node in graph.node:
            for name in node.input:
                self._users.setdefault(name, []).append(node)

    def slice_first_block(self) -> None:
        """Replace the block's five nodes by `SLICES` parallel chains and their sum; or do nothing."""
        block = next(filter(None, map(self._block_from, self._graph.node)), None)
        if block is None:
            return
        gone = {node.output[0] for node in block}
        place = next(i for i, node in enumerate(self._graph.node) if node.output[0] == block[0].output[0])
        rest = [node for node in self._graph.node if node.output[0] not in gone]
        _keep(self._graph.node, rest[:place] + self._sliced(block) + rest[place:])

    def _block_from(self, first: Any) -> list[Any] | None:
        nodes = [first]
        while len(nodes) < len(_BLOCK):
            users = self._users.get(nodes[-1].output[0], [])
            if len(users) != 1:
                return None
            nodes.append(users[0])
        if tuple(node.op_type for node in nodes) != _BLOCK:
            return None
        expand, depthwise, project = (self._weights(nodes[i]) for i in (0, 2, 4))
        channels = len(expand)
        pointwise = expand.shape[2:] == project.shape[2:] == (1, 1)
        fits = depthwise.shape[:2] == (channels, 1) and channels > SLICES and channels % SLICES == 0
        return nodes if pointwise and fits and "slice" not in nodes[0].output[0] else None

    def _weights(self, node: Any) -> NDArray[Any]:
        return self._values[node.input[1]]

    def _bias(self, node: Any, part: slice) -> NDArray[Any] | None:
        return self._values[node.input[2]][part] if len(node.input) > 2 else None

    def _sliced(self, block: list[Any]) -> list[Any]:
        step = len(self._weights(block[0])) // SLICES
        new: list[Any] = []
        total = ""
        for k in range(SLICES):
            name = f"{block[0].output[0]}_slice{k}"
            new += self._slice(block, name, slice(k * step, (k + 1) * step))
            if k > 0:
                result = block[-1].output[0] if k == SLICES - 1 else f"{name}_sum"
                new.append(helper.make_node("Add", [total, new[-1].output[0]], [result]))
            total = new[-1].output[0]
        return new

    def _slice(self, block: list[Any], name: str, part: slice) -> list[Any]:
        """Give the block's five nodes for a part of its channels; the first part brings the last bias."""
        expand, _, depthwise, _, project = block
        first = (self._weights(expand)[part], self._bias(expand, part))
        second = (self._weights(depthwise)[part], self._bias(depthwise, part))
        third = (
            self._weights(project)[:, part],
            self._bias(project, slice(None)) if not part.start else None,
        )
        return [
            self._convolution(expand, (expand.input[0], f"{name}_e"), first, 1),
            helper.make_node("Relu", [f"{name}_e"], [f"{name}_er"]),
            self._convolution(depthwise, (f"{name}_er", f"{name}_d"), second, part.stop - part.start),
            helper.make_node("Relu", [f"{name}_d"], [f"{name}_dr"]),
            self._convolution(project, (f"{name}_dr", f"{name}_p"), third, 1),
        ]

    def _convolution(self, like: Any, ends: tuple[str, str], values: _Values, group: int) -> Any:
        """Make a convolution with the attributes of another."""
        source, name = ends
        inputs = [source]
        for value, suffix in zip(values, "wb", strict=True):
            if value is not None:
                tensor = numpy_helper.from_array(np.ascontiguousarray(value), f"{name}_{suffix}")
                self._graph.initializer.append(tensor)
                inputs.append(tensor.name)
        node = helper.make_node("Conv", inputs, [name])
        node.attribute.extend(a for a in like.attribute if a.name != "group")
        node.attribute.append(helper.make_attribute("group", group))
        return node


if __name__ == "__main__":
    sys.stdout.buffer.write(rewrite(Path(sys.argv[1]).read_bytes()))
