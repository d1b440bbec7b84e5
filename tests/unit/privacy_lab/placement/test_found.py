"""What was found: kept layer by layer, and as the table that plans are made by."""

from pathlib import Path

import pytest

from models.certificate import Figure
from models.placement_table import PlacementTable, encode_table
from privacy_lab.errors import BadData
from privacy_lab.placement.found import Attacked, CountFound, Found, LayerFound, Units, table_of
from privacy_lab.placement.published import published_of, published_rows


def figure(value: float) -> Figure:
    return Figure(value, value - 0.02, value + 0.02)


def layer(*values: float, names: tuple[str, ...] = ("conv12",), key: str = "k") -> LayerFound:
    counts = []
    for power, value in enumerate(values):
        weak, strong = Attacked("inverse", (0,), figure(value / 2)), Attacked("decoder", (0,), figure(value))
        counts.append(CountFound(2**power, 3, (weak, strong)))
    return LayerFound(key, names, (2 ** (len(values) - 1), 4, 4), figure(0.1), tuple(counts))


def found(*layers: LayerFound) -> Found:
    return Found(network="six-conv", bundle="", data="d", accuracy=0.5, layers=layers, made_by="test")


def test_a_row_has_the_strongest_attack_on_as_many_maps_or_fewer() -> None:
    rows = table_of(found(layer(0.3, 0.5, 0.45))).rows
    assert [(row.maps, row.ssim, row.high) for row in rows] == [
        (1, 0.3, 0.32),
        (2, 0.5, 0.52),
        (4, 0.5, 0.52),
    ]


def test_layers_that_take_the_same_maps_have_the_same_rows() -> None:
    table = table_of(found(layer(0.3, 0.5, names=("body", "shortcut"))))
    assert table.layers == ("body", "shortcut")
    assert table.most_maps("body", 0.4) == table.most_maps("shortcut", 0.4) == 1
    assert PlacementTable.decode(encode_table(table), "here") == table


def test_a_kept_layer_is_found_again_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    units = Units(tmp_path / "layers")
    assert units.find("k") is None
    units.keep(layer(0.3))
    assert units.find("k") == layer(0.3)
    (tmp_path / "layers" / "k.json").write_text("{")
    assert units.find("k") is None


def test_a_layer_under_another_name_is_not_taken_for_it(tmp_path: Path) -> None:
    units = Units(tmp_path)
    units.keep(layer(0.3))
    (tmp_path / "k.json").rename(tmp_path / "other.json")
    assert units.find("other") is None


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadData, match="cannot be written"):
        Units(tmp_path / "file").keep(layer(0.3))


def test_the_published_table_is_as_printed() -> None:
    assert len(published_rows()) == 13
    row = published_of("vgg16", "conv1_2")
    assert row is not None
    assert row.ssim == {64: 0.98, 32: 0.92, 16: 0.93, 8: 0.88, 4: 0.69, 2: 0.04}
    assert published_of("six-conv", "fc1") is None
    celeba = published_of("vgg19", "pool4")
    assert celeba is not None
    # Printed so: all 512 maps are said to show less than 256 do.
    assert (celeba.ssim[512], celeba.ssim[256]) == (0.26, 0.39)
