"""Training learns, stops when it no longer improves, and takes up where it was cut off."""

from pathlib import Path

import msgspec
import pytest

torch = pytest.importorskip("torch")

from privacy_lab.checkpoints import Progress, load_checkpoint, same  # noqa: E402
from privacy_lab.errors import BadCheckpoint  # noqa: E402
from privacy_lab.networks.build import build  # noqa: E402
from privacy_lab.optimising import schedule  # noqa: E402
from privacy_lab.recipe import TrainingSpec  # noqa: E402
from privacy_lab.training import evaluate, fit  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402


class CutOffError(Exception):
    pass


def plan(**changes: object) -> TrainingSpec:
    return msgspec.structs.replace(made.recipe().training, **changes)


def fresh() -> torch.nn.Sequential:
    torch.manual_seed(1)
    return build(made.recipe().network, made.recipe().takes, 2)


def test_it_learns() -> None:
    network = fresh()
    before = evaluate(network, made.Noise().validation())
    progress = fit(network, made.Noise(), plan(epochs=12, patience=12), recipe="r")
    assert progress.epoch == 12
    after = evaluate(network, made.Noise().validation())
    assert after < before / 2
    assert after == pytest.approx(progress.best_loss)


@pytest.mark.parametrize("after", [1, 3])
def test_a_run_cut_off_and_taken_up_ends_with_the_same_weights(tmp_path: Path, after: int) -> None:
    def cut_off(progress: Progress) -> None:
        if progress.epoch == after:
            raise CutOffError

    file = tmp_path / "run.safetensors"
    whole = fresh()
    expected = fit(whole, made.Noise(), plan(), recipe="r")
    with pytest.raises(CutOffError):
        fit(fresh(), made.Noise(), plan(), recipe="r", checkpoint=file, watch=cut_off)
    seen: list[int] = []
    resumed = fresh()
    progress = fit(
        resumed, made.Noise(), plan(), recipe="r", checkpoint=file, watch=lambda now: seen.append(now.epoch)
    )
    assert seen == list(range(after + 1, 5))
    assert progress == expected
    assert same(resumed.state_dict(), whole.state_dict())


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    file = tmp_path / "run.safetensors"
    first, second = fresh(), build(made.recipe().network, made.recipe().takes, 2)
    fit(first, made.Noise(), plan(), recipe="r", checkpoint=file)
    fit(second, made.Noise(), plan(), recipe="r", checkpoint=file, watch=lambda _: pytest.fail("ran again"))
    assert same(first.state_dict(), second.state_dict())


def test_it_stops_when_nothing_improves() -> None:
    progress = fit(fresh(), made.Noise(), plan(epochs=60, rate=1e-9, average=1.0, patience=3), recipe="r")
    assert progress.epoch < 60
    assert progress.epoch - progress.best_epoch == 3


@pytest.mark.parametrize("content", [b"", b"noise", b"\xff" * 100])
def test_a_damaged_checkpoint_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "run.safetensors"
    file.write_bytes(content)
    with pytest.raises(BadCheckpoint, match="Delete it"):
        fit(fresh(), made.Noise(), plan(), recipe="r", checkpoint=file)


def test_another_recipes_checkpoint_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.safetensors"
    fit(fresh(), made.Noise(), plan(epochs=1), recipe="one", checkpoint=file)
    with pytest.raises(BadCheckpoint, match="another recipe"):
        load_checkpoint(file, "two")


def test_a_checkpoint_of_another_networks_form_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "run.safetensors"
    fit(fresh(), made.Noise(), plan(epochs=1), recipe="r", checkpoint=file)
    with pytest.raises(BadCheckpoint, match="Delete it"):
        fit(
            torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(768, 2)),
            made.Noise(),
            plan(),
            recipe="r",
            checkpoint=file,
        )


def test_the_rate_rises_and_then_only_falls() -> None:
    rates = [schedule(step, 100) for step in range(100)]
    top = rates.index(max(rates))
    assert rates[top] == 1.0
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert 0 < rates[-1] < 0.02
