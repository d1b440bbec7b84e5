"""A placement table in a bundle: read with it, checked against it, and kept with the edge's half."""

from pathlib import Path

import msgspec
import pytest

from models.errors import BadTable, BundleError, DamagedBundle
from models.manifest import EXTRACTOR, Manifest
from models.placement_table import PLACEMENT, PlacementTable, TableRow, encode_table
from models.reading import load_manifest, read_checked
from models.split import split_bundle
from models.verify import verify_bundle
from models.writer import write_bundle
from tests.unit.models import made


def table(of: Manifest, **changes: object) -> PlacementTable:
    row = TableRow(layer="conv2", maps_in=8, maps=4, ssim=0.4, low=0.3, high=0.5)
    plain = PlacementTable(
        network=of.name, bundle=of.bundle_id, data="pictures", rows=(row,), made_by="penumbra"
    )
    return msgspec.structs.replace(plain, **changes)


def with_table(path: Path, **changes: object) -> Path:
    files = made.halves()
    manifest = made.manifest(files)
    write_bundle(path, manifest, files | {PLACEMENT: encode_table(table(manifest, **changes))})
    return path


@pytest.mark.parametrize("name", ["tiny", "tiny.zip"])
def test_a_table_is_read_with_its_bundle_and_said_of_it(tmp_path: Path, name: str) -> None:
    path = with_table(tmp_path / name)
    manifest, files = read_checked(path, frozenset({PLACEMENT}))
    assert PlacementTable.decode(files[PLACEMENT], "here") == table(manifest)
    assert any("placement.json is of this bundle: 1 layers" in said for said in verify_bundle(path))


def test_another_bundles_table_is_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(DamagedBundle, match="of the bundle 0123456789abcdef, not of"):
        with_table(tmp_path / "tiny", bundle="0123456789abcdef")
    path = with_table(tmp_path / "tiny")
    (path / PLACEMENT).write_bytes(encode_table(table(load_manifest(path), bundle="")))
    with pytest.raises(DamagedBundle, match="of the network tiny, not of"):
        read_checked(path, frozenset({PLACEMENT}))


def test_a_damaged_table_is_refused_by_who_reads_it_alone(tmp_path: Path) -> None:
    path = with_table(tmp_path / "tiny")
    (path / PLACEMENT).write_text("{}")
    read_checked(path, frozenset({EXTRACTOR}))
    with pytest.raises(BadTable):
        read_checked(path, frozenset({PLACEMENT}))


def test_a_table_goes_with_the_edges_half(tmp_path: Path) -> None:
    edge, cloud = split_bundle(with_table(tmp_path / "tiny"), tmp_path / "halves")
    assert PLACEMENT in read_checked(edge, frozenset({PLACEMENT}))[1]
    assert PLACEMENT not in read_checked(cloud, frozenset({PLACEMENT}))[1]


def test_a_bundle_without_an_extractor_has_no_table(tmp_path: Path) -> None:
    path = made.picture_bundle(tmp_path / "pictures")
    (path / PLACEMENT).write_bytes(encode_table(table(load_manifest(path))))
    with pytest.raises(BundleError, match="no extractor"):
        read_checked(path, frozenset({PLACEMENT}))
