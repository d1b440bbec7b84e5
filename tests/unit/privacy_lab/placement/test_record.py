"""Records of seen maps: written, read, put together, refused."""

from pathlib import Path

import numpy as np
import pytest

from privacy_lab.errors import BadData
from privacy_lab.placement.record import Observed, read_record, united, write_record


def observed(layer: str, *maps: int, n: int = 3) -> Observed:
    values = np.arange(n * len(maps) * 4, dtype=np.float32).reshape(n, len(maps), 2, 2)
    return Observed(layer, maps, values)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "seen.npz"
    write_record(path, [observed("/stem/Conv", 0, 5), observed("conv21", 2)])
    first, second = read_record(path)
    assert (first.layer, first.maps, second.layer) == ("/stem/Conv", (0, 5), "conv21")
    assert np.array_equal(first.values, observed("/stem/Conv", 0, 5).values)


def test_two_who_collude_hold_each_map_once() -> None:
    (both,) = united([[observed("conv12", 1, 4)], [observed("conv12", 0, 4)]])
    assert both.maps == (0, 1, 4)
    assert np.array_equal(both.values[:, 1], observed("conv12", 1, 4).values[:, 0])


def test_what_was_seen_of_other_pictures_is_not_put_together() -> None:
    with pytest.raises(BadData, match="different numbers of pictures"):
        united([[observed("conv12", 1)], [observed("conv12", 0, n=4)]])


@pytest.mark.parametrize("maps", [(), (1, 1), (3, 1), (-1,)])
def test_maps_out_of_order_are_refused(maps: tuple[int, ...]) -> None:
    with pytest.raises(BadData, match="maps"):
        Observed("conv12", maps, np.zeros((1, len(maps), 2, 2), np.float32))


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(BadData, match="values of 2 maps"):
        Observed("conv12", (0, 1), np.zeros((1, 3, 2, 2), np.float32))


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "seen.npz"
    path.write_bytes(b"no zip")
    with pytest.raises(BadData, match="no record of feature maps"):
        read_record(path)
