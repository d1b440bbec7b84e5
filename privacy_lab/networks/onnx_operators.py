"""ONNX operators as differentiable torch functions: what an exported extractor is made of.

Each entry of `OPERATORS` takes a node's attributes and gives the function of its inputs; an input that the
node leaves out is None. Shapes and axes are int64 tensors on the CPU. Source: the ONNX operator
specification, https://onnx.ai/onnx/operators.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np
import onnx
import torch
from torch import Tensor
from torch.nn import functional

Attributes = Mapping[str, Any]
Operator = Callable[..., Tensor]
Maker = Callable[[Attributes], Operator]


def _plain(operator: Operator) -> Maker:
    return lambda _: operator


def _first(x: Tensor, *_: Tensor | None) -> Tensor:
    return x


def _padded(x: Tensor, attributes: Attributes, fill: float) -> tuple[Tensor, list[int]]:
    """Give the picture and the padding that is left to the kernel: uneven padding is done here."""
    pads = list(attributes.get("pads", [0, 0, 0, 0]))
    top, left, bottom, right = pads
    if (top, left) == (bottom, right):
        return x, [top, left]
    return functional.pad(x, (left, right, top, bottom), value=fill), [0, 0]


def _require_explicit_pads(attributes: Attributes) -> None:
    if attributes.get("auto_pad", b"NOTSET") not in {b"NOTSET", b"VALID"}:
        raise NotImplementedError(f"auto_pad {attributes['auto_pad'].decode()}")
    if len(attributes.get("kernel_shape", (1, 1))) != 2:
        raise NotImplementedError("a kernel that is not of two dimensions")


def _conv(attributes: Attributes) -> Operator:
    _require_explicit_pads(attributes)
    strides, dilations = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    group = attributes.get("group", 1)

    def apply(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        x, padding = _padded(x, attributes, 0.0)
        return functional.conv2d(x, weight, bias, strides, padding, dilations, group)

    return apply


def _max_pool(attributes: Attributes) -> Operator:
    _require_explicit_pads(attributes)
    kernel, strides = attributes["kernel_shape"], attributes.get("strides", [1, 1])
    dilations, ceil = attributes.get("dilations", [1, 1]), bool(attributes.get("ceil_mode", 0))

    def apply(x: Tensor) -> Tensor:
        x, padding = _padded(x, attributes, -math.inf)
        return functional.max_pool2d(x, kernel, strides, padding, dilations, ceil)

    return apply


def _average_pool(attributes: Attributes) -> Operator:
    _require_explicit_pads(attributes)
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    if (top, left) != (bottom, right):
        raise NotImplementedError("padding that differs from side to side")
    kernel, strides = attributes["kernel_shape"], attributes.get("strides", [1, 1])
    ceil, counted = bool(attributes.get("ceil_mode", 0)), bool(attributes.get("count_include_pad", 0))
    return lambda x: functional.avg_pool2d(x, kernel, strides, (top, left), ceil, counted)


def _batch_norm(attributes: Attributes) -> Operator:
    if attributes.get("training_mode", 0):
        raise NotImplementedError("training_mode 1")
    epsilon = attributes.get("epsilon", 1e-5)

    def apply(x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, var: Tensor) -> Tensor:
        return functional.batch_norm(x, mean, var, scale, bias, eps=epsilon)

    return apply


def _gemm(attributes: Attributes) -> Operator:
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    turn_a, turn_b = attributes.get("transA", 0), attributes.get("transB", 0)

    def apply(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
        product: Tensor = alpha * ((a.T if turn_a else a) @ (b.T if turn_b else b))
        return product if c is None else product + beta * c

    return apply


def _clip(attributes: Attributes) -> Operator:
    # Operator sets before 11 keep the bounds in attributes, later ones in inputs.
    lowest, highest = attributes.get("min"), attributes.get("max")

    def apply(x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
        low, high = lowest if low is None else low, highest if high is None else high
        return x if low is None and high is None else torch.clamp(x, low, high)

    return apply


def _flatten(attributes: Attributes) -> Operator:
    axis = attributes.get("axis", 1)
    # What stands before the axis becomes rows, the rest columns; axis 0 gives one row.
    return lambda x: x.reshape(math.prod(x.shape[: axis + x.dim() if axis < 0 else axis]), -1)


def _reshape(attributes: Attributes) -> Operator:
    keeps_zero = bool(attributes.get("allowzero", 0))

    def apply(x: Tensor, shape: Tensor) -> Tensor:
        sides = shape.tolist()
        return x.reshape(
            [x.shape[k] if side == 0 and not keeps_zero else side for k, side in enumerate(sides)]
        )

    return apply


def _transpose(attributes: Attributes) -> Operator:
    return lambda x: x.permute(attributes.get("perm", tuple(range(x.dim()))[::-1]))


def _axes(attributes: Attributes, given: Tensor | None) -> list[int] | None:
    # Operator sets before 13 keep axes in an attribute, later ones in an input.
    axes = attributes.get("axes") if given is None else given.tolist()
    return None if axes is None else list(axes)


def _squeeze(attributes: Attributes) -> Operator:
    def apply(x: Tensor, given: Tensor | None = None) -> Tensor:
        axes = _axes(attributes, given)
        return x.squeeze() if axes is None else x.squeeze(axes)

    return apply


def _unsqueeze(attributes: Attributes) -> Operator:
    def apply(x: Tensor, given: Tensor | None = None) -> Tensor:
        axes = _axes(attributes, given) or []
        for axis in sorted(axis % (x.dim() + len(axes)) for axis in axes):
            x = x.unsqueeze(axis)
        return x

    return apply


def _reduced(reduce: Callable[[Tensor, list[int], bool], Tensor]) -> Maker:
    def make(attributes: Attributes) -> Operator:
        keep = bool(attributes.get("keepdims", 1))

        def apply(x: Tensor, given: Tensor | None = None) -> Tensor:
            axes = _axes(attributes, given)
            return reduce(x, list(range(x.dim())) if axes is None else axes, keep)

        return apply

    return make


def _concat(attributes: Attributes) -> Operator:
    return lambda *parts: torch.cat(parts, attributes["axis"])


def _gather(attributes: Attributes) -> Operator:
    def apply(x: Tensor, places: Tensor) -> Tensor:
        axis = attributes.get("axis", 0) % x.dim()
        chosen = x.index_select(axis, places.to(x.device).flatten() % x.shape[axis])
        return chosen.reshape(*x.shape[:axis], *places.shape, *x.shape[axis + 1 :])

    return apply


def _slice(
    x: Tensor, starts: Tensor, ends: Tensor, axes: Tensor | None = None, steps: Tensor | None = None
) -> Tensor:
    along: Sequence[int] = range(len(starts)) if axes is None else axes.tolist()
    paces: Sequence[int] = [1] * len(starts) if steps is None else steps.tolist()
    for axis, start, end, pace in zip(along, starts.tolist(), ends.tolist(), paces, strict=True):
        places = range(x.shape[axis])[slice(start, end, pace)]
        x = x.index_select(axis, torch.tensor(list(places), dtype=torch.int64, device=x.device))
    return x


def _cast(attributes: Attributes) -> Operator:
    kind = torch.from_numpy(np.zeros(0, onnx.helper.tensor_dtype_to_np_dtype(attributes["to"]))).dtype
    return lambda x: x.to(kind)


def _mod(attributes: Attributes) -> Operator:
    return torch.fmod if attributes.get("fmod", 0) else torch.remainder


def _leaky_relu(attributes: Attributes) -> Operator:
    return lambda x: functional.leaky_relu(x, attributes.get("alpha", 0.01))


def _softmax(attributes: Attributes) -> Operator:
    return lambda x: x.softmax(attributes.get("axis", -1))


def _round_straight_through(x: Tensor) -> Tensor:
    # The true gradient is zero everywhere, and no attacker would use it: he differentiates as if there
    # were no rounding (Bengio et al. 2013).
    return x + (x.round() - x).detach()


OPERATORS: Final[Mapping[str, Maker]] = {
    "Abs": _plain(torch.abs),
    "Add": _plain(torch.add),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _conv,
    "Div": _plain(torch.div),
    "Dropout": _plain(_first),
    "Erf": _plain(torch.erf),
    "Exp": _plain(torch.exp),
    "Expand": _plain(lambda x, shape: x * torch.ones(shape.tolist(), dtype=x.dtype, device=x.device)),
    "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm,
    "GlobalAveragePool": _plain(lambda x: x.mean(tuple(range(2, x.dim())), keepdim=True)),
    "GlobalMaxPool": _plain(lambda x: x.amax(tuple(range(2, x.dim())), keepdim=True)),
    "HardSwish": _plain(functional.hardswish),
    "Identity": _plain(_first),
    "LeakyRelu": _leaky_relu,
    "Log": _plain(torch.log),
    "MatMul": _plain(torch.matmul),
    "Max": _plain(lambda *given: reduce(torch.maximum, given)),
    "MaxPool": _max_pool,
    "Min": _plain(lambda *given: reduce(torch.minimum, given)),
    "Mod": _mod,
    "Mul": _plain(torch.mul),
    "Neg": _plain(torch.neg),
    "Pow": _plain(torch.pow),
    "ReduceL2": _reduced(lambda x, axes, keep: x.square().sum(axes, keepdim=keep).sqrt()),
    "ReduceMean": _reduced(lambda x, axes, keep: x.mean(axes, keepdim=keep)),
    "ReduceSum": _reduced(lambda x, axes, keep: x.sum(axes, keepdim=keep)),
    "Relu": _plain(torch.relu),
    "Reshape": _reshape,
    "Round": _plain(_round_straight_through),
    "Shape": _plain(lambda x: torch.tensor(x.shape, dtype=torch.int64)),
    "Sigmoid": _plain(torch.sigmoid),
    "Slice": _plain(_slice),
    "Softmax": _softmax,
    "Softplus": _plain(functional.softplus),
    "Sqrt": _plain(torch.sqrt),
    "Squeeze": _squeeze,
    "Sub": _plain(torch.sub),
    "Tanh": _plain(torch.tanh),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
"""By name; an operator that is not here has no differentiable form in the lab."""
