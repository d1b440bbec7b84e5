"""What passes between an edge and its helpers: bounds, names, and weights that cannot be taken for others."""

import pytest

from broker.acl import Account, Rights, rights_of
from broker.bounds import MAX_REGIONS
from broker.helpers import Sum, digest_of
from broker.topic import Private, Role
from tests.unit.broker.messages import a_capacity, a_kernel, a_partial, some_weights, some_work


def test_a_helper_reads_its_own_weights_and_work_and_nothing_else() -> None:
    assert rights_of(Private, Account(Role.HELPER, "h1")) == Rights(
        write=("penumbra/helpers/h1/capacity", "penumbra/helpers/h1/partial"),
        read=("penumbra/helpers/h1/weights", "penumbra/helpers/h1/work"),
    )


def test_no_camera_and_no_viewer_reads_maps() -> None:
    for role in (Role.CAMERA, Role.VIEWER):
        read = rights_of(Private, Account(role, "x")).read
        assert not [topic for topic in read if topic.endswith(("/work", "/partial", "/weights"))]


@pytest.mark.parametrize(
    "changes",
    [
        {"helper": "a/b"},
        {"memory_bytes": 0},
        {"multiplications_per_second": 0.0},
        {"bytes_per_second": float("nan")},
        {"bytes_per_second": 0.0},
        {"bytes_per_second": 1e-300},
        {"multiplications_per_second": 1e300},
        {"memory_bytes": 2**60},
        {"run": -1},
    ],
)
def test_no_capacity_out_of_bounds_exists(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        a_capacity(**changes)


def test_a_helper_that_is_gone_needs_no_capacity() -> None:
    gone = a_capacity(state="offline", memory_bytes=0, multiplications_per_second=0.0, bytes_per_second=0.0)
    assert gone.state == "offline"


@pytest.mark.parametrize(
    "kernel",
    [{"size": (0, 2)}, {"strides": (1, 256)}, {"pads": (-1, 0, 0, 0)}, {"maps_out": 0}, {"maps_out": 2**20}],
)
def test_no_convolution_out_of_bounds_exists(kernel: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        a_kernel(**kernel)


@pytest.mark.parametrize("changes", [{"maps": 3}, {"maps": 0}, {"kernels": ()}, {"digest": b"short"}])
def test_weights_have_the_length_of_their_shape(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        some_weights(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": (1, 2, 1, 1)},
        {"shape": (0, 2, 1, 2)},
        {"shape": (MAX_REGIONS + 1, 2, 1, 2)},
        {"shape": (1, 2, -1, -2)},
        {"task": -1},
        {"digest": bytes(31)},
    ],
)
def test_no_work_out_of_bounds_exists(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        some_work(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"sums": ()},
        {"refused": "no-weights"},
        {"seconds": float("inf")},
        {"sums": tuple(Sum((1, 1, 1, 1), bytes(4)) for _ in range(17))},
    ],
)
def test_a_partial_has_sums_or_a_reason(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        a_partial(**changes)


def test_the_digest_names_all_that_a_slice_holds() -> None:
    kernel = a_kernel()
    names = {
        digest_of(2, (kernel,)),
        digest_of(2, (kernel, kernel)),
        digest_of(2, (a_kernel(strides=(2, 1)),)),
        digest_of(2, (a_kernel(pads=(0, 0, 1, 0)),)),
        digest_of(2, (a_kernel(weights=b"\x01" + bytes(15)),)),
        digest_of(1, (a_kernel(weights=bytes(8)),)),
    }
    assert len(names) == 6
    assert digest_of(2, (a_kernel(),)) in names
