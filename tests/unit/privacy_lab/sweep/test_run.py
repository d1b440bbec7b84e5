"""A sweep of made pictures, whole: made once, taken up where it stopped, the same in one process or two."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from privacy_lab.errors import BadData, BadRecipe
from privacy_lab.sweep.plan import SweepPlan
from privacy_lab.sweep.points import Point, read_sweep
from privacy_lab.sweep.run import Job, run_sweep
from privacy_lab.sweep.units import Units
from tests.unit.privacy_lab.sweep import made


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.data_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweep")


def job(data: Path, folder: Path, plan: SweepPlan | None = None) -> Job:
    return Job(plan or made.plan(), data, folder, "cpu", 1)


@pytest.fixture(scope="module")
def points(data: Path, folder: Path) -> tuple[Point, ...]:
    return run_sweep(job(data, folder))


def test_every_point_says_what_was_released_and_what_was_seen_of_it(points: tuple[Point, ...]) -> None:
    assert [point.epsilon_per_coordinate for point in points] == [100.0, 1.0]
    for point in points:
        assert (point.task, point.case, point.layer, point.numbers) == ("gtsrb10", 1, "conv1", 8 * 16 * 16)
        assert point.epsilon_joint == point.numbers * (point.epsilon_per_coordinate or 0)
        assert [(found.attack, found.draws) for found in point.attacks] == [
            ("decoder", 1),
            ("algorithm-2", 1),
            ("told", 1),
            ("told-averaged", 4),
        ]
        assert [found.pictures for found in point.attacks] == [6, 3, 3, 3]
        assert point.made.front == "facescrub"  # CIFAR-100 is not there
        assert point.made.budget == "brief"
        assert point.strongest is not None
        assert point.strongest.draws == 1
    assert points[0].accuracy.value >= points[1].accuracy.value
    assert points[0].baseline == points[1].baseline
    weak, strong = (point.attack("told") for point in points)
    assert weak is not None
    assert strong is not None
    assert weak.ssim.value > strong.ssim.value


def test_pictures_stand_beside_each_point(points: tuple[Point, ...], folder: Path) -> None:
    samples = Units(folder).samples(points[0].key)
    assert set(samples) == {"original", "decoder", "algorithm-2", "told", "told-averaged"}
    assert samples["original"].shape == (6, 16, 16, 3)
    assert samples["told"].shape == (3, 16, 16, 3)


def test_what_is_finished_is_not_made_again_and_what_is_missing_is(
    points: tuple[Point, ...], data: Path, folder: Path
) -> None:
    seen: list[tuple[int, int, str]] = []
    again = run_sweep(job(data, folder), watch=lambda *told: seen.append(told))
    assert again == points
    assert seen == [(2, 2, "")]
    stages = {path: path.stat().st_mtime_ns for path in (folder / "stages").iterdir()}
    (folder / "points" / f"{points[1].key}.json").unlink()
    (remade,) = [p for p in run_sweep(job(data, folder)) if p.key == points[1].key]
    assert remade.accuracy == points[1].accuracy
    assert remade.attacks == points[1].attacks
    assert {path: path.stat().st_mtime_ns for path in (folder / "stages").iterdir()} == stages
    assert set(read_sweep(folder).points) == {*points[:1], remade}


def test_a_point_cut_off_while_it_was_written_is_made_again(
    points: tuple[Point, ...], data: Path, folder: Path
) -> None:
    path = folder / "points" / f"{points[0].key}.json"
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    found = run_sweep(job(data, folder))
    assert found[0].accuracy == points[0].accuracy
    assert Units(folder).find(points[0].key) is not None


def test_two_processes_make_what_one_makes(data: Path, tmp_path: Path) -> None:
    plan = made.plan(cases=(1, 3), epsilons=(50.0,), images=0)
    one = run_sweep(job(data, tmp_path / "one", plan))
    two = run_sweep(job(data, tmp_path / "two", plan), processes=2)
    assert [(p.key, p.accuracy, p.baseline) for p in one] == [(p.key, p.accuracy, p.baseline) for p in two]
    assert all(not point.attacks and point.strongest is None for point in one)


def test_ours_learns_its_front_on_the_task_itself(data: Path, tmp_path: Path) -> None:
    (point,) = run_sweep(job(data, tmp_path, made.plan(method="ours", epsilons=(50.0,))))
    assert (point.method, point.made.front) == ("ours", "")
    assert [found.attack for found in point.attacks] == ["decoder", "algorithm-2", "told", "told-averaged"]


def test_the_key_follows_what_decides_a_point(data: Path, tmp_path: Path) -> None:
    import torch  # noqa: PLC0415

    from privacy_lab.sweep.bench import Bench  # noqa: PLC0415 - beside what it is compared with

    def keys(**changed: object) -> set[str]:
        plan = made.plan(**changed)  # type: ignore[arg-type]
        bench = Bench(plan, data=data, folder=tmp_path, device=torch.device("cpu"))
        return {bench.key(task) for task in plan.tasks()}

    usual = keys()
    assert len(usual) == 2
    assert keys(seeds=2) > usual
    assert not keys(images=5) & usual
    assert not keys(method="ours") & usual
    assert not keys(cases=(2,)) & usual


def test_what_cannot_be_swept_is_refused_before_anything_is_read() -> None:
    for changed, said in (
        ({"cases": (4,)}, "case 4"),
        ({"epsilons": (0.0,)}, "epsilon 0"),
        ({"epsilons": ()}, "nothing to sweep"),
        ({"seeds": 0}, "nothing to sweep"),
    ):
        with pytest.raises(BadRecipe, match=said):
            made.plan(**changed)  # type: ignore[arg-type]


def test_a_missing_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="gtsrb10-32"):
        run_sweep(job(tmp_path, tmp_path / "out"))


def test_results_that_are_not_there_name_the_command(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="penumbra lab sweep --out"):
        read_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text("{}")
    with pytest.raises(BadData, match="is not a sweep"):
        read_sweep(tmp_path)


def test_a_units_pictures_are_none_where_they_are_not_there(tmp_path: Path) -> None:
    assert Units(tmp_path).samples("absent") == {}
    assert np.array_equal(list(Units(tmp_path).all()), [])
