import pytest

from models.errors import BadTable, BundleNotFound
from models.placement_table import PlacementTable, TableRow, encode_table, read_table


def row(layer: str, maps: int, ssim: float, maps_in: int = 8, width: float = 0.0) -> TableRow:
    return TableRow(layer=layer, maps_in=maps_in, maps=maps, ssim=ssim, low=ssim - width, high=ssim + width)


def table(*rows: TableRow) -> PlacementTable:
    return PlacementTable(network="lenet", data="digits", rows=rows, made_by="a test")


MEASURED = table(
    row("conv12", 8, 0.9),
    row("conv12", 4, 0.45, width=0.1),
    row("conv12", 2, 0.3),
    row("conv21", 2, 0.2),
    row("conv21", 8, 0.3),
    row("fc1", 8, 0.1),
)


def test_a_cap_compares_the_upper_end_of_the_interval() -> None:
    assert MEASURED.most_maps("conv12", 0.5) == 2
    assert MEASURED.most_maps("conv12", 0.56) == 4


def test_a_smaller_number_that_gives_more_away_bounds_the_larger() -> None:
    # Table I itself has such rows: CelebA ReLU44 gives .39 at 256 maps and .26 at 512.
    assert table(row("conv12", 4, 0.39), row("conv12", 8, 0.26)).most_maps("conv12", 0.3) == 0


def test_what_nobody_measured_allows_nothing() -> None:
    assert MEASURED.most_maps("conv99", 1.0) == 0
    assert MEASURED.most_maps("conv12", 0.1) == 0


def test_what_some_maps_give_away_is_read_on_the_safe_side() -> None:
    assert MEASURED.at_most("conv12", 2) == 0.3
    assert MEASURED.at_most("conv12", 3) == pytest.approx(0.55), "as the next larger number that was measured"
    assert MEASURED.at_most("conv12", 8) == 0.9
    assert MEASURED.at_most("conv12", 0) == 0.0
    assert MEASURED.at_most("conv99", 1) is None
    assert table(row("conv12", 4, 0.39), row("conv12", 8, 0.26)).at_most("conv12", 8) == 0.39


def test_the_split_point_is_where_all_maps_together_are_safe_from_there_on() -> None:
    assert MEASURED.split_point(0.35) == "conv21"
    assert MEASURED.split_point(0.05) is None
    assert MEASURED.split_point(0.95) == "conv12"
    # A deep layer that gives more away than a shallow one moves the point behind itself.
    assert table(row("a", 8, 0.1), row("b", 8, 0.6), row("c", 8, 0.1)).split_point(0.3) == "c"
    # All maps were never tried: nothing says that they are safe.
    assert table(row("a", 4, 0.1)).split_point(0.3) is None


def test_a_written_table_is_read_back(tmp_path) -> None:
    path = tmp_path / "placement.json"
    path.write_bytes(encode_table(MEASURED))
    assert read_table(path) == MEASURED
    assert encode_table(read_table(path)) == path.read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((b'"maps": 8', b'"maps": 9'), "9 maps of 8"),
        ((b'"schema": 1', b'"schema": 2'), "schema"),
        ((b'"high": 0.2\n', b'"high": 0.1\n'), "outside"),
        ((b'"layer": "fc1"', b'"layer": "conv12"'), "stand apart"),
        ((b'"maps": 4', b'"maps": 2'), "two rows"),
        ((b'"data"', b'"date"'), "date"),
        ((b"}", b""), "placement.json"),
    ],
)
def test_a_table_that_is_none_is_refused_with_the_reason(tmp_path, change, said) -> None:
    path = tmp_path / "placement.json"
    data = encode_table(MEASURED)
    assert change[0] in data
    path.write_bytes(data.replace(*change))
    with pytest.raises(BadTable, match=said):
        read_table(path)


def test_a_table_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(BundleNotFound, match="none\\.json"):
        read_table(tmp_path / "none.json")
