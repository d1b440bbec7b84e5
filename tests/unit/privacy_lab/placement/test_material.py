"""Pictures of a measurement: none on both sides, as many as may be spent on, and labels that agree."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from models.manifest import InputSpec
from privacy_lab.data.catalogue import read_set
from privacy_lab.data.dataset import UNKNOWN, DataSet, Regions
from privacy_lab.data.material import Material
from privacy_lab.errors import BadData
from privacy_lab.placement import material as reading
from privacy_lab.placement.learnt import learnt
from privacy_lab.placement.material import pictures_of_bundle, read_pictures
from privacy_lab.placement.settings import SETTINGS
from tests.unit.privacy_lab.made import gender_zip
from tests.unit.privacy_lab.placement.planted import TINY

SIZE = InputSpec(16, 16, 3, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    gender_zip(tmp_path / "faces" / "gender.zip", each=30)
    return tmp_path


def test_no_picture_is_learnt_from_and_attacked(data: Path) -> None:
    shown = read_pictures(("gender",), data, SIZE, TINY)
    learnt_from, attacked = shown.auxiliary.images, shown.attacked.images
    assert not any((learnt_from == picture).all(axis=(1, 2, 3)).any() for picture in attacked)
    assert shown.labels == 2


def test_no_more_pictures_are_taken_than_may_be_spent_on_and_the_same_always(data: Path) -> None:
    few = replace(TINY, auxiliary=10, attacked=3)
    first, second = (read_pictures(("gender",), data, SIZE, few) for _ in range(2))
    assert (len(first.auxiliary), len(first.attacked)) == (10, 3)
    assert np.array_equal(first.auxiliary.images, second.auxiliary.images)
    assert first.key == second.key != read_pictures(("gender",), data, SIZE, TINY).key


def test_sets_that_answer_something_else_are_not_put_together(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label in ("car", "bus", "tram"):
        folder = tmp_path / "classes" / label
        folder.mkdir(parents=True)
        for number in range(3):
            (folder / f"{number}.png").write_bytes(_png(number))

    def read(name: str, folder: Path) -> DataSet:
        return read_set(name, folder / "classes" if name == "classes" else folder)

    monkeypatch.setattr(reading, "read_set", read)
    with pytest.raises(BadData, match="gender, classes: have different labels"):
        read_pictures(("gender", "classes"), data, SIZE, TINY)


def test_a_bundles_pictures_are_those_it_is_attacked_with() -> None:
    none = np.full(40, UNKNOWN, np.int64)
    regions = Regions(np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), np.uint8), none, none)
    material = Material(regions.take(np.arange(30)), regions.take(np.arange(30, 40)), None, ())
    shown = pictures_of_bundle(material, 2, TINY)
    assert (len(shown.auxiliary), len(shown.attacked)) == (30, 10)
    with pytest.raises(BadData, match="2 pictures to learn from"):
        pictures_of_bundle(replace(material, auxiliary=regions.take(np.arange(2))), 2, TINY)


def test_a_network_learns_once_and_is_kept(data: Path, tmp_path: Path) -> None:
    setting = replace(SETTINGS["lenet"], side=16, epochs=4)
    shown = read_pictures(("gender",), data, setting.input, replace(TINY, learning=4))
    told: list[str] = []

    def learn() -> tuple[torch.nn.Sequential, float]:
        cpu, kept = torch.device("cpu"), tmp_path / "kept"
        effort = replace(TINY, learning=None)
        return learnt(setting, shown, effort, folder=kept, seed=1, device=cpu, tell=told.append)

    (first, accuracy), learning = learn(), len(told)
    second, again = learn()
    assert learning == 1 + 4
    assert len(told) == learning + 1
    assert accuracy == again
    assert all(
        torch.equal(one, other)
        for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )


def _png(shade: int) -> bytes:
    import cv2  # noqa: PLC0415 - an extra

    done, data = cv2.imencode(".png", np.full((16, 16, 3), shade, np.uint8))
    assert done
    return bytes(data)
