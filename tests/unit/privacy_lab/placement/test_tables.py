"""Tables from beginning to end on made data: what is written, what is taken up again, what is refused."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from typer.testing import CliRunner

from models.catalogue import find
from models.certificate import Figure
from models.placement_table import read_table
from models.reading import load_manifest
from penumbra import lab_commands
from penumbra.errors import ConfigError
from privacy_lab.data.dataset import UNKNOWN, Regions
from privacy_lab.data.material import Material
from privacy_lab.errors import BadData, BadRecipe
from privacy_lab.placement import measure as measuring
from privacy_lab.placement.effort import EFFORTS
from privacy_lab.placement.found import Attacked, CountFound
from privacy_lab.placement.tables import Asked, measure_network, read_found
from tests.unit.privacy_lab.made import gender_zip
from tests.unit.privacy_lab.placement.planted import TINY


def seen(maps: int) -> CountFound:
    return CountFound(maps, 1, (Attacked("decoder", tuple(range(maps)), Figure(0.4, 0.3, 0.5)),))


def run(*words: str) -> str:
    result = CliRunner().invoke(lab_commands.app, ["place-table", *words])
    if result.exception:
        raise result.exception
    return " ".join(result.output.split())


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(EFFORTS, "brief", TINY)
    gender_zip(tmp_path / "data" / "faces" / "gender.zip", each=30)
    return tmp_path / "data"


def words(data: Path, out: Path) -> list[str]:
    small = ["--set", "gender", "--side", "16", "--maps", "1,4", "--budget", "brief"]
    return [*small, "--data", str(data), "--out", str(out), "--device", "cpu", "--threads", "1"]


def test_a_table_is_measured_written_and_taken_up_again(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run("lenet", *words(data, tmp_path / "out"), "--layers", "conv2,pool2")
    assert "conv2" in said
    assert "maps that a helper may hold, by SSIM" in said
    table = read_table(tmp_path / "out" / "lenet.json")
    assert (table.network, table.bundle) == ("lenet", "")
    assert [(row.layer, row.maps) for row in table.rows] == [
        ("conv2", 1), ("conv2", 4), ("conv2", 8), ("pool2", 1), ("pool2", 4), ("pool2", 16),
    ]  # fmt: skip
    found = read_found(tmp_path / "out" / "lenet-found.json")
    assert found.accuracy is not None
    assert {attacked.attack for attacked in found.layers[0].counts[0].attacks} == {"inverse", "decoder"}

    def attacked_again(*_: object) -> None:
        raise AssertionError("a finished layer was attacked again")

    first = (tmp_path / "out" / "lenet.json").read_bytes()
    monkeypatch.setattr(measuring, "_attack", attacked_again)
    run("lenet", *words(data, tmp_path / "out"), "--layers", "conv2,pool2")
    assert (tmp_path / "out" / "lenet.json").read_bytes() == first


def test_a_layer_that_is_missing_alone_is_measured(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("lenet", *words(data, out), "--layers", "conv2,pool2")
    kept = {path.name: path.stat().st_mtime_ns for path in (out / "layers").glob("*.json")}
    gone = sorted(kept)[0]
    (out / "layers" / gone).unlink()
    run("lenet", *words(data, out), "--layers", "conv2,pool2")
    again = {path.name: path.stat().st_mtime_ns for path in (out / "layers").glob("*.json")}
    assert again.keys() == kept.keys()
    assert all(again[name] == kept[name] for name in kept if name != gone)


def test_the_table_of_a_bundle_names_it(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    none = np.full(80, UNKNOWN, np.int64)
    regions = Regions(random.integers(0, 256, (80, 64, 64, 3), np.uint8), none, none)
    material = Material(regions.take(np.arange(60)), regions.take(np.arange(60, 80)), None, ())
    monkeypatch.setattr("penumbra.lab_place_table_command.read_material", lambda *_, **__: material)
    # The attack itself is tested where its maps are few.
    monkeypatch.setattr(measuring, "attack_counts", lambda ground, *_, **__: (seen(ground.maps),))
    run("--bundle", "gender-ours", *words(data, tmp_path / "out")[4:])
    table = read_table(tmp_path / "out" / "placement.json")
    assert table.bundle == load_manifest(find("gender-ours")).bundle_id
    assert len(table.layers) == 9
    assert table.of("/layers/stage1/body/body.0/Conv")[-1].maps_in == 20


def test_neither_or_both_of_network_and_bundle_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="or a bundle with --bundle"):
        run(*words(data, tmp_path))
    with pytest.raises(ConfigError, match="or a bundle with --bundle"):
        run("lenet", "--bundle", "gender-ours", *words(data, tmp_path))


def test_a_layer_that_the_network_does_not_have_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="no layer conv9"):
        run("lenet", *words(data, tmp_path), "--layers", "conv9")


def test_data_that_is_not_there_is_named(tmp_path: Path) -> None:
    asked = Asked(tmp_path / "out", "brief", torch.device("cpu"))
    with pytest.raises(BadData, match="mnist"):
        measure_network("lenet", tmp_path, asked, lambda _done, _of, _what: None)


@pytest.mark.parametrize("text", ["{", '{"network": "lenet"}'])
def test_what_was_not_found_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "found.json").write_text(text)
    with pytest.raises(BadRecipe, match="place-table"):
        read_found(tmp_path / "found.json")
