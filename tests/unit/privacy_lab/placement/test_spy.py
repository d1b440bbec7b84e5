"""What a helper, or several together, make of everything they saw, and whether a cap holds against it."""

from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from typer.testing import CliRunner

from models.certificate import Figure
from models.errors import UnsupportedBundle
from models.placement_table import PlacementTable, TableRow, encode_table
from penumbra import lab_commands
from penumbra.errors import ConfigError
from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.errors import AttackImpossible, BadData
from privacy_lab.placement.caps_attacked import (
    CapAttacked,
    Spending,
    attack_caps,
    excess,
    raised,
    write_attacked,
)
from privacy_lab.placement.material import Pictures
from privacy_lab.placement.record import Observed
from privacy_lab.placement.spy import Spied, attack_record, fullest, sights_of
from tests.unit.privacy_lab.placement.planted import TELLING, TINY, PlantedWalk, pictures

CPU = torch.device("cpu")
AUXILIARY, ATTACKED = pictures(160, 1), pictures(12, 2)
EFFORT = replace(TINY, shared=4_000, tuned=500)
NOISE = tuple(place for place in range(4) if place != TELLING)


def spied(*records: dict[str, tuple[int, ...]]) -> Spied:
    seen = [sights_of(PlantedWalk(), ATTACKED, held) for held in records]
    return attack_record(seen, PlantedWalk(), AUXILIARY, ATTACKED, EFFORT, seed=1, device=CPU)


def table(*highs: float) -> PlacementTable:
    rows = tuple(
        TableRow(layer=layer, maps_in=4, maps=maps, ssim=high, low=high, high=high)
        for layer in ("conv2", "shortcut", "conv3")
        for maps, high in zip((1, 2, 4), highs, strict=True)
    )
    return PlacementTable(network="planted", data="d", rows=rows, made_by="test")


def test_who_saw_the_map_that_tells_rebuilds_more_than_who_did_not() -> None:
    blind, seeing = spied({"conv2": NOISE}), spied({"conv2": (TELLING,)})
    assert seeing.strongest.ssim.value > blind.strongest.ssim.value + 0.2
    assert blind.strongest.ssim.value < blind.floor.value + 0.1
    assert (seeing.held, seeing.pictures) == ({"conv2": 1}, 12)


def test_two_together_see_what_both_saw() -> None:
    both = spied({"conv2": (0, 1)}, {"conv2": (1, TELLING), "conv3": (3,)})
    assert both.held == {"conv2": 3, "conv3": 1}
    assert both.strongest.ssim.value > both.floor.value + 0.2


def test_a_record_of_other_pictures_is_refused_for_its_attack_would_show_nothing() -> None:
    seen = sights_of(PlantedWalk(), pictures(12, 5), {"conv2": (0, TELLING)})
    with pytest.raises(BadData, match="not of these pictures in this network"):
        attack_record([seen], PlantedWalk(), AUXILIARY, ATTACKED, TINY, seed=1, device=CPU)


def test_a_record_of_another_shape_layer_or_map_is_refused() -> None:
    few = Observed("conv2", (0,), np.zeros((3, 1, 16, 16), np.float32))
    with pytest.raises(BadData, match=r"conv2: \(3, 1, 16, 16\) was recorded"):
        attack_record([[few]], PlantedWalk(), AUXILIARY, ATTACKED, TINY, seed=1, device=CPU)
    with pytest.raises(BadData, match="conv9: no layer"):
        sights_of(PlantedWalk(), ATTACKED, {"conv9": (0,)})
    with pytest.raises(BadData, match="map 4 was recorded, but it takes 4"):
        sights_of(PlantedWalk(), ATTACKED, {"conv2": (4,)})


def test_an_empty_record_is_no_proof_of_anything() -> None:
    with pytest.raises(AttackImpossible, match="nothing was recorded"):
        attack_record([[]], PlantedWalk(), AUXILIARY, ATTACKED, TINY, seed=1, device=CPU)


def test_a_cap_lets_the_colluding_hold_as_many_maps_of_each_tensor_as_the_table_says() -> None:
    held = fullest(table(0.3, 0.5, 0.7), PlantedWalk(), 0.5, seed=0)
    assert {layer: len(maps) for layer, maps in held.items()} == {"conv2": 2, "conv3": 2}
    assert fullest(table(0.3, 0.5, 0.7), PlantedWalk(), 0.2, seed=0) == {}


def test_a_table_that_promises_too_much_is_found_out(tmp_path: Path) -> None:
    unknown = np.full(160, UNKNOWN, np.int64)
    auxiliary, attacked = (
        Regions(images, unknown[: len(images)], unknown[: len(images)]) for images in (AUXILIARY, ATTACKED)
    )
    shown = Pictures(auxiliary, attacked, 2, "made", "k")
    found = attack_caps(
        table(0.05, 0.05, 0.05),
        PlantedWalk(),
        shown,
        (0.01, 0.1),
        Spending(EFFORT, 1, CPU),
        watch=lambda _done, _of, _what: None,
    )
    none, broken = found
    assert none == CapAttacked(0.01, {})
    assert none.holds
    assert broken.held == {"conv2": 4, "conv3": 4}
    assert not broken.holds
    write_attacked(tmp_path / "caps.json", found)
    assert msgspec.json.decode((tmp_path / "caps.json").read_bytes(), type=tuple[CapAttacked, ...]) == found


def test_a_raised_table_allows_what_the_first_allowed_so_much_lower() -> None:
    plain, broken = table(0.3, 0.5, 0.7), CapAttacked(0.5, {"conv2": 2}, "decoder", Figure(0.61, 0.59, 0.624))
    over = excess((CapAttacked(0.1, {}), broken))
    assert over == 0.13
    higher = raised(plain, over)
    assert higher.most_maps("conv2", 0.63) == plain.most_maps("conv2", 0.5) == 2
    assert higher.most_maps("conv2", 0.62) == 1
    assert [row.ssim for row in higher.rows] == [row.ssim for row in plain.rows]
    assert "raised by 0.13" in higher.data
    assert PlacementTable.decode(encode_table(raised(plain, 0.9)), "here").rows[-1].high == 1


def test_caps_that_hold_raise_nothing() -> None:
    assert excess((CapAttacked(0.5, {"conv2": 2}, "decoder", Figure(0.4, 0.38, 0.42)),)) == 0
    assert excess(()) == 0


def run(*words: str) -> None:
    result = CliRunner().invoke(lab_commands.app, ["place-attack", *words])
    if result.exception:
        raise result.exception


def test_caps_that_are_none_and_tables_of_others_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="similarities between -1 and 1"):
        run("gender-ours", "--max-ssim", "40")
    path = tmp_path / "table.json"
    path.write_bytes(encode_table(table(0.3, 0.4, 0.5)))
    with pytest.raises(UnsupportedBundle, match="is of planted, not of gender-ours"):
        run("gender-ours", "--max-ssim", "0.5", "--table", str(path))
    with pytest.raises(UnsupportedBundle, match="brings no placement"):
        run("objects-ours", "--max-ssim", "0.5")
    with pytest.raises(ConfigError, match="--colluding 9: there are 8 helpers"):
        run("gender-ours", "--max-ssim", "0.7", "--colluding", "9")
    with pytest.raises(ConfigError, match="leave out --colluding"):
        run("gender-ours", "--max-ssim", "0.7", "--colluding", "2", "--raised", str(path))
