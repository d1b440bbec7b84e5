"""The differentiable twin of an exported half: what a white-box attacker makes of extractor.onnx."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, final

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from privacy_lab.errors import NoTwin
from privacy_lab.networks.onnx_operators import OPERATORS, Operator

_OWN_DOMAINS: Final = frozenset({"", "ai.onnx"})
_ABSENT: Final = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One operator: from which values, and under which name its result goes on."""

    apply: Operator
    takes: tuple[str, ...]
    gives: str


@final
class OnnxTwin(nn.Module):
    """A network read from ONNX: float32 [n, *takes] to [n, *gives], differentiable in its input.

    Weights are buffers: they move with `.to(device)` and never learn. Whole numbers (shapes, axes) stay on
    the CPU, where they are looked at.
    """

    def __init__(self, steps: Iterable[Step], constants: dict[str, Tensor], takes: str, gives: str) -> None:
        super().__init__()
        self._steps = tuple(steps)
        self._takes, self._gives = takes, gives
        self._whole = {name: value for name, value in constants.items() if not value.is_floating_point()}
        self._weights = {
            name: f"weight{number}"  # a buffer's name may not hold the dots that ONNX names do
            for number, name in enumerate(name for name in constants if name not in self._whole)
        }
        for name, buffer in self._weights.items():
            self.register_buffer(buffer, constants[name])

    def forward(self, x: Tensor) -> Tensor:
        """Give what ONNX Runtime would."""
        weights = {name: self.get_buffer(buffer) for name, buffer in self._weights.items()}
        values: dict[str, Any] = {_ABSENT: None, self._takes: x} | self._whole | weights
        for step in self._steps:
            values[step.gives] = step.apply(*(values[name] for name in step.takes))
        result: Tensor = values[self._gives]
        return result


def torch_front(model: bytes) -> OnnxTwin:
    """Read an exported half as a torch module that gives the same numbers and has gradients.

    Args:
        model: An ONNX file's bytes, with one input and one output, both batches of float32.

    Raises:
        NoTwin: not such a file, or an operator has no differentiable form here; the text names it. Attacks
            that need no gradient still run.
    """
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise NoTwin(f"this is not sound ONNX: {str(error).splitlines()[0]}") from error
    graph = onnx.load_from_string(model).graph
    constants = _constants(graph)
    inputs = [value.name for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise NoTwin(f"it has {len(inputs)} inputs and {len(graph.output)} outputs, not one of each")
    known = {_ABSENT, *constants, *inputs}
    steps = []
    for node in graph.node:
        if node.op_type == "Constant":
            continue
        steps.append(_step(node, known))
        known.add(steps[-1].gives)
    if graph.output[0].name not in known:
        raise NoTwin(f"nothing gives its output {graph.output[0].name}")
    return OnnxTwin(steps, constants, inputs[0], graph.output[0].name).eval()


def _step(node: onnx.NodeProto, known: set[str]) -> Step:
    name = f"{node.domain}.{node.op_type}" if node.domain not in _OWN_DOMAINS else node.op_type
    if name not in OPERATORS:
        raise NoTwin(f"operator {name} has no differentiable form here")
    missing = [taken for taken in node.input if taken not in known]
    if missing:
        raise NoTwin(f"operator {name} takes {missing[0]}, a further result of an operator before it")
    attributes = {given.name: onnx.helper.get_attribute_value(given) for given in node.attribute}
    try:
        return Step(OPERATORS[name](attributes), tuple(node.input), node.output[0])
    except NotImplementedError as error:
        raise NoTwin(f"operator {name} with {error} has no differentiable form here") from error


def _constants(graph: onnx.GraphProto) -> dict[str, Tensor]:
    found = {stored.name: _tensor(stored) for stored in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            (given,) = node.attribute
            found[node.output[0]] = _value(onnx.helper.get_attribute_value(given))
    return found


def _value(value: Any) -> Tensor:
    return _tensor(value) if isinstance(value, onnx.TensorProto) else torch.tensor(value)


def _tensor(stored: onnx.TensorProto) -> Tensor:
    if stored.data_location == onnx.TensorProto.EXTERNAL:
        raise NoTwin(f"{stored.name} is kept in another file; a bundle's networks stand alone")
    return torch.from_numpy(numpy_helper.to_array(stored).copy())
