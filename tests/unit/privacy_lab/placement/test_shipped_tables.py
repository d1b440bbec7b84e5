"""The tables that ship: whole, of the networks they name, and of the bundles they lie in."""

from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from models.catalogue import shipped
from models.placement_table import PLACEMENT, PlacementTable, read_table
from models.reading import load_manifest, read_checked
from privacy_lab.networks.build import build
from privacy_lab.networks.cost import costs
from privacy_lab.placement import tables
from privacy_lab.placement.settings import SETTINGS
from privacy_lab.placement.walks import walk_of_bundle

FOLDER = Path(tables.__file__).with_name("tables")
TABLES = sorted(FOLDER.glob("*.json"))
BUNDLES = [path for path in shipped().values() if (path / PLACEMENT).exists()]


def test_some_ship() -> None:
    assert TABLES


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_a_networks_table_counts_the_maps_that_its_layers_take(path: Path) -> None:
    table = read_table(path)
    assert (table.network, table.bundle) == (path.stem, "")
    setting = SETTINGS[table.network]  # type: ignore[index]
    takes = (setting.channels, setting.side, setting.side)
    with torch.device("meta"):
        network = build(setting.spec, takes, 10)
    layers = costs(network, takes)
    maps = {after.name: before.shape[0] for before, after in pairwise(layers)}
    for layer in table.layers:
        assert {row.maps_in for row in table.of(layer)} == {maps[layer]}
        sound(table, layer)


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_a_bundles_table_speaks_of_every_convolution_that_takes_maps(path: Path) -> None:
    _, files = read_checked(path, frozenset({PLACEMENT}))
    table = PlacementTable.decode(files[PLACEMENT], str(path))
    assert table.network == load_manifest(path).name
    assert table.layers == tuple(layer for layers in walk_of_bundle(path).layers for layer in layers)
    for layer in table.layers:
        sound(table, layer)


def sound(table: PlacementTable, layer: str) -> None:
    rows = table.of(layer)
    assert rows[0].maps in {1, 2}, "fewer than the fewest that were measured allow nothing"
    assert rows[-1].maps == rows[-1].maps_in
    # Who holds more can do what who holds fewer can.
    assert [row.ssim for row in rows] == sorted(row.ssim for row in rows)
