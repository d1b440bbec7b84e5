"""What a helper computes, and what it refuses."""

import msgspec
import numpy as np
import pytest

from broker.helpers import Kernel, digest_of
from feature_node.distributed.graph import cut_network
from feature_node.distributed.segment import computed, measured_speed, outputs_of, slice_for, work_for
from feature_node.errors import WrongShape
from tests.unit.feature_node.distributed.networks import residual


def test_a_group_that_sees_none_of_the_maps_costs_nothing() -> None:
    depth = cut_network(residual()).layers[2]
    weights = slice_for("h1", depth, (2, 5))
    assert [kernel.maps_out for kernel in weights.kernels] == [2]
    assert outputs_of(depth.convolutions[0], (2, 5)) == (2, 5)
    pairs = cut_network(residual()).layers[3]
    assert outputs_of(pairs.convolutions[0], (5,)) == (2, 3)


def test_the_digest_is_that_of_the_content() -> None:
    layer = cut_network(residual()).layers[0]
    weights = slice_for("h1", layer, (0, 4))
    assert weights.digest == digest_of(weights.maps, weights.kernels)
    assert weights.digest != slice_for("h1", layer, (0, 3)).digest


@pytest.mark.parametrize("shape", [(1, 3, 12, 12), (1, 1, 12, 12)])
def test_more_or_fewer_maps_than_the_weights_take_are_refused(shape: tuple[int, ...]) -> None:
    weights = slice_for("h1", cut_network(residual()).layers[0], (0, 4))
    work = work_for(weights, np.zeros(shape, np.float32), run=1, task=1)
    with pytest.raises(WrongShape, match="maps for weights of 2"):
        computed(weights, work)


def test_maps_smaller_than_the_filter_are_refused() -> None:
    kernel = Kernel(1, (3, 3), (1, 1), (1, 1), (0, 0, 0, 0), np.ones(9, "<f4").tobytes())
    weights = slice_for("h1", cut_network(residual()).layers[0], (0,))
    weights = msgspec.structs.replace(weights, kernels=(kernel,))
    with pytest.raises(WrongShape, match="reaches further"):
        computed(weights, work_for(weights, np.zeros((1, 1, 2, 2), np.float32), run=1, task=1))


def test_the_speed_of_this_machine_is_measured() -> None:
    assert measured_speed() > 1e6
