"""What a helper computes: a layer's convolutions on some of its maps, a partial output of each.

Segment p of a layer is its p-th input map (Baccour et al., 2020, Section II). Who holds the maps S computes
conv(x[S], W[:, S]); the sum of that over all holders, and the bias, is the layer's output.
"""

import time
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from broker.helpers import HelperWeights, HelperWork, Kernel, Sum, digest_of
from feature_node.distributed.cut import Convolution, CutLayer
from feature_node.errors import WrongShape

Floats = NDArray[np.float32]

_LITTLE: Final = np.dtype("<f4")
_PROBE_MAPS: Final = 32
_PROBE_SIDE: Final = 16
_PROBE_SECONDS: Final = 0.05


def outputs_of(convolution: Convolution, maps: tuple[int, ...]) -> tuple[int, ...]:
    """Name the output maps that some input maps add to: all of them, unless the convolution has groups."""
    if convolution.group == 1:
        return tuple(range(convolution.maps_out))
    each_in = _weights(convolution).shape[1]
    each_out = convolution.maps_out // convolution.group
    groups = sorted({number // each_in for number in maps})
    return tuple(group * each_out + k for group in groups for k in range(each_out))


def slice_for(helper: str, layer: CutLayer, maps: tuple[int, ...]) -> HelperWeights:
    """Cut out the weights that concern some maps of a layer: W[:, S], and nothing that says which S it is."""
    kernels = tuple(_kernel(convolution, maps) for convolution in layer.convolutions)
    return HelperWeights(helper, digest_of(len(maps), kernels), len(maps), kernels)


def work_for(weights: HelperWeights, maps: Floats, *, run: int, task: int) -> HelperWork:
    """Hand out feature maps, float32 [n, maps, rows, columns], for a slice of weights."""
    n, count, rows, columns = maps.shape
    data = np.ascontiguousarray(maps, _LITTLE).tobytes()
    return HelperWork(weights.helper, run, task, weights.digest, (n, count, rows, columns), data)


def computed(weights: HelperWeights, work: HelperWork) -> tuple[Sum, ...]:
    """Give each convolution's partial output of the maps.

    Raises:
        WrongShape: The maps are more, fewer or smaller than the weights take.
    """
    if work.shape[1] != weights.maps:
        raise WrongShape(f"{work.shape[1]} maps for weights of {weights.maps}")
    maps = np.frombuffer(work.maps, _LITTLE).reshape(work.shape)
    return tuple(_sum_of(_convolved(maps, kernel)) for kernel in weights.kernels)


def array_of(part: Sum) -> Floats:
    """Read a partial output, float32 [n, maps_out, rows, columns]."""
    return np.asarray(np.frombuffer(part.values, _LITTLE).reshape(part.shape), np.float32)


def measured_speed() -> float:
    """Time a convolution and give the multiplications a second of this machine; e of equation (7)."""
    maps = np.ones((1, _PROBE_MAPS, _PROBE_SIDE, _PROBE_SIDE), np.float32)
    weights = np.ones((_PROBE_MAPS, _PROBE_MAPS, 3, 3), np.float32).tobytes()
    kernel = Kernel(_PROBE_MAPS, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1), weights)
    multiplications = 9 * _PROBE_MAPS**2 * _PROBE_SIDE**2  # equation (2), times the maps in
    _convolved(maps, kernel)
    began, rounds = time.perf_counter(), 0
    while time.perf_counter() - began < _PROBE_SECONDS:
        _convolved(maps, kernel)
        rounds += 1
    return rounds * multiplications / (time.perf_counter() - began)


def _weights(convolution: Convolution) -> Floats:
    """Read weights, float32 [maps_out, maps_in / group, rows, columns]."""
    flat = np.frombuffer(convolution.weights, _LITTLE)
    return flat.reshape(convolution.maps_out, -1, *convolution.size)


def _kernel(convolution: Convolution, maps: tuple[int, ...]) -> Kernel:
    outputs = outputs_of(convolution, maps)
    return Kernel(
        maps_out=len(outputs),
        size=convolution.size,
        strides=convolution.strides,
        dilations=convolution.dilations,
        pads=convolution.pads,
        weights=_columns(convolution, maps, outputs).tobytes(),
    )


def _columns(convolution: Convolution, maps: tuple[int, ...], outputs: tuple[int, ...]) -> Floats:
    """Give W[outputs, maps] as if there were no groups: zeros where a group does not see a map."""
    weights = _weights(convolution)
    if convolution.group == 1:
        return np.ascontiguousarray(weights[:, list(maps)])
    each_in, each_out = weights.shape[1], convolution.maps_out // convolution.group
    dense = np.zeros((len(outputs), len(maps), *convolution.size), np.float32)
    for row, output in enumerate(outputs):
        for column, number in enumerate(maps):
            if output // each_out == number // each_in:
                dense[row, column] = weights[output, number % each_in]
    return dense


def _sum_of(values: Floats) -> Sum:
    n, maps, rows, columns = values.shape
    return Sum((n, maps, rows, columns), np.ascontiguousarray(values, _LITTLE).tobytes())


def _convolved(maps: Floats, kernel: Kernel) -> Floats:
    """Convolve [n, c, rows, columns] with a kernel of c maps, as one product of matrices."""
    above, left, below, right = kernel.pads
    padded = np.pad(maps, ((0, 0), (0, 0), (above, below), (left, right)))
    reach = [(side - 1) * step + 1 for side, step in zip(kernel.size, kernel.dilations, strict=True)]
    if padded.shape[2] < reach[0] or padded.shape[3] < reach[1]:
        raise WrongShape(f"maps of {maps.shape[2]}x{maps.shape[3]} for a filter that reaches further")
    (down, across), (skip, leap) = kernel.strides, kernel.dilations
    windows = sliding_window_view(padded, reach, axis=(2, 3))[:, :, ::down, ::across, ::skip, ::leap]
    n, c, rows, columns = windows.shape[:4]
    # [n, rows, columns, c, filter rows, filter columns], so that each output point is one row.
    points = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * rows * columns, -1)
    weights = np.frombuffer(kernel.weights, _LITTLE).reshape(kernel.maps_out, -1)
    if weights.shape[1] != points.shape[1]:
        raise WrongShape(f"{c} maps for weights of {weights.shape[1]} numbers an output")
    values = (points @ weights.T).reshape(n, rows, columns, kernel.maps_out)
    return np.asarray(values.transpose(0, 3, 1, 2), np.float32)
