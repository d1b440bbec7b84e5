import msgspec
import pytest

from feature_node.placement.privacy import at_source, caps_of, least_ssim
from models.errors import BadTable
from models.placement_table import PlacementTable, TableRow
from tests.unit.feature_node.placement.made import SMALL


def table(*rows: tuple[str, int, int, float]) -> PlacementTable:
    return PlacementTable(
        network="small",
        data="digits",
        made_by="a test",
        rows=tuple(
            TableRow(layer=layer, maps_in=whole, maps=maps, ssim=ssim, low=ssim, high=ssim)
            for layer, whole, maps, ssim in rows
        ),
    )


MEASURED = table(("conv2", 6, 2, 0.3), ("conv2", 6, 6, 0.9), ("fc1", 8, 4, 0.3), ("fc1", 8, 8, 0.5))


def test_the_maps_before_an_activation_count_as_those_behind_it() -> None:
    caps = caps_of(MEASURED, SMALL, 0.4)
    assert dict(zip([layer.name for layer in SMALL.layers], caps.most, strict=True)) == {
        "conv1": 0,
        "ReLU1": 2,
        "conv2": 2,
        "ReLU2": 4,
        "pool2": 4,
        "fc1": 4,
        "fc2": 0,
    }


def test_a_row_of_a_pool_holds_for_the_same_maps_before_and_behind_it() -> None:
    assert caps_of(table(("conv2", 6, 2, 0.3), ("pool2", 8, 3, 0.3)), SMALL, 0.4).most[2:5] == (2, 3, 3)


def test_behind_the_split_point_everything_is_free() -> None:
    caps = caps_of(MEASURED, SMALL, 0.6)
    assert caps.split == 3
    assert all(caps.is_free(SMALL, place) for place in range(3, 7))
    assert not caps.is_free(SMALL, 2)


def test_a_layer_that_nobody_measured_is_held_to_the_one_before() -> None:
    caps = caps_of(table(("conv2", 6, 2, 0.3)), SMALL, 0.4)
    assert caps.most == (0, 2, 2, 2, 2, 0, 0)


def test_nothing_is_known_before_the_first_measured_layer() -> None:
    assert caps_of(table(("fc1", 8, 8, 0.1)), SMALL, 0.4).most[:4] == (0, 0, 0, 8)


def test_colluding_helpers_share_one_cap() -> None:
    caps = caps_of(MEASURED, SMALL, 0.4, colluding=3)
    assert caps.share(SMALL, 2) == 0
    assert caps.share(SMALL, 5) == 1
    assert caps_of(MEASURED, SMALL, 0.6, colluding=3).share(SMALL, 5) == 8


def test_the_source_keeps_the_first_dense_layer_where_one_device_may_not_see_it_whole() -> None:
    strict, loose = caps_of(MEASURED, SMALL, 0.4), caps_of(MEASURED, SMALL, 0.6)
    assert at_source(SMALL, strict, "mesh") == (True, False, False, False, False, True, True)
    assert at_source(SMALL, loose, "mesh") == (True, False, False, False, False, False, True)
    assert at_source(SMALL, loose, "star") == (True, True, False, True, True, False, True)


def test_the_source_may_keep_more_of_the_first_layers() -> None:
    caps = msgspec.structs.replace(caps_of(MEASURED, SMALL, 0.6), kept=3)
    assert at_source(SMALL, caps, "mesh") == (True, True, True, False, False, False, True)


def test_the_least_ssim_is_the_first_level_at_which_the_helpers_suffice() -> None:
    like = caps_of(MEASURED, SMALL, 0.1)
    assert least_ssim(SMALL, MEASURED, 3, like) == 0.3
    assert least_ssim(SMALL, MEASURED, 2, like) == 0.9
    assert least_ssim(SMALL, MEASURED, 2, msgspec.structs.replace(like, kept=3)) == 0.3
    assert least_ssim(SMALL, MEASURED, 2, msgspec.structs.replace(like, colluding=9)) == 0.9
    assert least_ssim(SMALL, table(("conv2", 6, 2, 0.3)), 2, like) is None


def test_a_table_of_another_network_is_refused() -> None:
    with pytest.raises(BadTable, match="no layer of small"):
        caps_of(table(("conv9", 6, 2, 0.3)), SMALL, 0.4)
    with pytest.raises(BadTable, match="conv2 takes 6 maps"):
        caps_of(table(("conv2", 64, 2, 0.3)), SMALL, 0.4)
