"""A bundle is spread only where its table says how; whatever cannot be kept is refused before a frame."""

import msgspec
import pytest

from feature_node.distributed.loading import load_spread, read_terms
from feature_node.distributed.settings import DistributedSettings, HelperSettings, decode_helper_settings
from feature_node.errors import BadSettings
from feature_node.threads import Threads
from models.catalogue import find
from models.errors import BadTable
from models.placement_table import PlacementTable, TableRow
from models.reading import load_manifest
from tests.unit.feature_node.distributed.tables import table_of, write_table

BUNDLE = "signs-ours"


async def load(tmp_path, table: PlacementTable | None, **settings: object):
    bundle = find(BUNDLE)
    if table is not None:
        settings["table"] = write_table(tmp_path / "table.json", table)
    async with Threads(1) as threads:
        told = DistributedSettings(**settings)
        return load_spread(bundle, load_manifest(bundle), told, threads, tmp_path / "home-edge")


async def test_with_a_table_of_its_own_it_is_ready_to_join(tmp_path) -> None:
    spread = await load(tmp_path, table_of(find(BUNDLE), 8))
    assert spread.report is None
    assert "joined" in spread.why_not


async def test_a_table_of_another_bundle_is_refused(tmp_path) -> None:
    with pytest.raises(BadSettings, match="was measured on"):
        await load(tmp_path, table_of(find("objects-ours"), 8))


async def test_a_table_of_other_layers_is_refused(tmp_path) -> None:
    row = TableRow(layer="conv9", maps_in=8, maps=8, ssim=0.1, low=0.1, high=0.1)
    table = msgspec.structs.replace(table_of(find(BUNDLE), 8), rows=(row,))
    with pytest.raises(BadTable, match="measure this network"):
        await load(tmp_path, table)


async def test_a_privacy_that_nobody_can_keep_is_refused_with_the_ways_out(tmp_path) -> None:
    with pytest.raises(BadSettings, match=r"no helper may see even one .* raise max_ssim to 0\.300"):
        await load(tmp_path, table_of(find(BUNDLE), 8), max_ssim=0.2, keep_first=0)
    with pytest.raises(BadSettings, match=r"against 9 colluding.* or lower colluding"):
        await load(tmp_path, table_of(find(BUNDLE), 8), colluding=9, keep_first=0)


async def test_too_few_helpers_are_refused_with_how_many_it_takes(tmp_path) -> None:
    with pytest.raises(BadSettings, match=r"takes 8 helpers, there are 7 \(8 of 64 maps each\).*--helpers 8"):
        await load(tmp_path, table_of(find(BUNDLE), 8), helpers=7)
    with pytest.raises(
        BadSettings, match=r"takes 8 helpers, there are 7 \(8 of 64 maps each\).*max_ssim to 0\.9"
    ):
        await load(tmp_path, table_of(find(BUNDLE), 8), helpers=7)
    await load(tmp_path, table_of(find(BUNDLE), 8), helpers=8)


async def test_the_edge_can_keep_the_layers_that_give_most_away(tmp_path) -> None:
    table = table_of(find(BUNDLE), 8)
    rows = tuple(
        msgspec.structs.replace(row, ssim=0.7, low=0.7, high=0.7)
        if "stage1/body/body.0" in row.layer
        else row
        for row in table.rows
        if row.maps < row.maps_in
    )
    leaky = msgspec.structs.replace(table, rows=rows)
    with pytest.raises(BadSettings, match=r"keep the first 1 layers \(keep_first\)"):
        await load(tmp_path, leaky, helpers=8, keep_first=0)
    await load(tmp_path, leaky, helpers=8, keep_first=1)
    bundle = find(BUNDLE)
    told = DistributedSettings(table=write_table(tmp_path / "table.json", leaky), helpers=8)
    terms = read_terms(bundle, load_manifest(bundle), told)
    assert (terms.cut.kept, len(terms.cut.layers), terms.helpers) == (1, 3, 8)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_ssim": 0.0},
        {"colluding": 0},
        {"deadline_ms": 0.1},
        {"helpers": 1000},
        {"rate_bytes_per_second": 0.0},
    ],
)
def test_settings_out_of_bounds_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(BadSettings, match=f"edge.distributed.{next(iter(wrong))}"):
        DistributedSettings(**wrong)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"{}", "cannot be read"),
        (b'{"helper": "h1", "private": {"host": "a", "port": 1}, "more": 1}', "more"),
        (b'{"helper": "H 1", "private": {"host": "a", "port": 1}}', "helper.name"),
        (b'{"helper": "h1", "private": {"host": "a", "port": 1}, "rate_bytes_per_second": 0}', "helper.rate"),
        (b'{"helper": "h1", "private": {"host": "a", "port": 1}, "memory_bytes": 0}', "helper.memory"),
    ],
)
def test_settings_of_a_helper_that_cannot_be_used_are_named(text: bytes, says: str) -> None:
    with pytest.raises(BadSettings, match=says):
        decode_helper_settings(text)


def test_a_helper_needs_a_name_and_a_broker() -> None:
    told = decode_helper_settings(b'{"helper": "h1", "private": {"host": "a", "port": 1}}')
    assert isinstance(told, HelperSettings)
    assert told.memory_bytes == 2**30
