"""Joint noise on a bundle's numbers, other amounts of its own noise, and a still camera watched for long."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dataclasses import replace  # noqa: E402

from feature_node.release.calibration import lie  # noqa: E402
from models.manifest import NoiseSpec  # noqa: E402
from privacy_lab.devices import CPU  # noqa: E402
from privacy_lab.errors import BadData  # noqa: E402
from privacy_lab.noise.signal import SignalSettings, learn_signal  # noqa: E402
from privacy_lab.sweep import bundle as bundle_module  # noqa: E402
from privacy_lab.sweep import joint as joint_module  # noqa: E402
from privacy_lab.sweep.bundle import BundleBench, BundleTask, amount_of  # noqa: E402
from privacy_lab.sweep.joint import MECHANISMS, JointBench, JointTask  # noqa: E402
from privacy_lab.sweep.points import StillSweep  # noqa: E402
from privacy_lab.sweep.still import gained, sweep_still  # noqa: E402
from tests.unit.models import made, noisy  # noqa: E402
from tests.unit.privacy_lab.battery import made as battery  # noqa: E402

QUICK = SignalSettings(sizes=(1, 2), steps=150, batch=128)


def points_of(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings of two labels that nothing but noise can make a reader mistake."""
    draw = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 2, (count,), generator=draw)
    return 4 * (2 * labels[:, None] - 1) + torch.randn(count, 3, generator=draw), labels


@pytest.mark.parametrize(
    ("epsilon", "least", "most"), [(0.5, 0.5, 0.68), (4.0, 0.89, 0.97), (12.0, 0.99, 1.0)]
)
def test_a_signal_is_answered_as_often_as_its_noise_allows(epsilon: float, least: float, most: float) -> None:
    noise = NoiseSpec(mechanism="laplace-l1", bound=1.0, epsilon_joint=epsilon)
    signal = learn_signal(*points_of(2000), 2, noise, QUICK, seed=1)
    shown, labels = points_of(20_000, 5)
    with torch.no_grad():
        said = signal.answer(shown, torch.Generator().manual_seed(2)).argmax(dim=1)
    right = float((said == labels).float().mean())
    # Of one number at ±B the sign is the answer: right with 1 - e^(-ε/2) / 2 at best.
    assert least <= right <= min(most, 1 - np.exp(-epsilon / 2) / 2 + 0.01)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.bundle(tmp_path_factory.mktemp("bundle") / "tiny")


def test_every_mechanism_loses_less_the_more_epsilon_it_has(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joint_module, "SignalSettings", lambda: QUICK)
    bench = JointBench(plain, battery.material(), folder=tmp_path, delta=1e-5)
    for mechanism in MECHANISMS:
        weak, strong = (bench.make(JointTask(mechanism, epsilon, 0)) for epsilon in (12.0, 0.2))
        assert weak.accuracy.value > strong.accuracy.value
        assert (weak.method, weak.epsilon, weak.epsilon_joint) == (mechanism, 12.0, 12.0)
        assert weak.delta == (1e-5 if mechanism == "gaussian-l2" else None)
        assert weak.baseline == strong.baseline
    own, flips = weak.baseline.value, lie(0.2, 2)
    assert strong.accuracy.value == pytest.approx(own * (1 - flips) + (1 - own) * flips, abs=0.005)


def test_a_joint_point_is_made_once(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = JointBench(plain, battery.material(), folder=tmp_path, delta=1e-5)
    task = JointTask("response", 2.0, 0)
    first = bench.make(task)
    monkeypatch.setattr(JointBench, "_right", None)
    assert bench.make(task) == first


def test_a_bundles_noise_is_tried_in_other_amounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = battery.plan()
    monkeypatch.setattr(bundle_module, "Plan", lambda **how: replace(quick, **how))
    bundle = made.bundle(tmp_path / "tiny", noise=noisy.L1)
    bench = BundleBench(bundle, battery.material(), folder=tmp_path / "kept", images=20, device=CPU)
    weak, strong = (bench.make(BundleTask(epsilon, 0), lambda _: None) for epsilon in (200.0, 0.5))
    assert (weak.epsilon_joint, weak.epsilon_per_coordinate, weak.bound) == (200.0, None, 3.0)
    assert weak.accuracy.value > strong.accuracy.value
    assert [found.attack for found in weak.attacks] == ["decoder", "rmle"]
    assert weak.strongest is not None
    assert strong.strongest is not None
    assert weak.strongest.ssim.value > strong.strongest.ssim.value
    assert weak.floor is not None
    assert bench.make(BundleTask(0.5, 0), lambda _: None) == strong
    assert set(bench.units.samples(weak.key)) >= {"original", "decoder", "rmle"}


def test_the_amount_is_of_the_kind_that_the_mechanism_takes() -> None:
    assert amount_of(noisy.PUBLISHED, 7.0).epsilon_per_coordinate == 7.0
    assert amount_of(noisy.RESPONSE, 7.0).epsilon_joint == 7.0
    assert amount_of(noisy.L2, 7.0).delta == noisy.L2.delta


def test_a_bundle_without_noise_is_refused(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(BadData, match="has no noise"):
        BundleBench(plain, battery.material(), folder=tmp_path, images=0, device=CPU)
    with pytest.raises(BadData, match="has no noise"):
        still(plain)


def still(bundle: Path) -> StillSweep:
    return sweep_still(
        bundle,
        battery.material(),
        frames=(1, 30),
        images=12,
        sensor=1.0,
        settings=battery.quick(60),
        seed=0,
        device=CPU,
    )


def test_averaging_gains_from_fresh_noise_and_next_to_nothing_from_memory(tmp_path: Path) -> None:
    spec = NoiseSpec(mechanism="laplace-l1", bound=12.0, epsilon_joint=6.0)
    output = made.manifest(made.halves()).output
    assert output is not None
    wide = type(output)("int8", (4,), clip=12.0, scale=12.0 / 127)
    found = still(made.bundle(tmp_path / "tiny", noise=spec, output=wide))
    rows = {(row.frames, row.memoised): row for row in found.rows}
    assert rows[30, False].draws == 30
    assert rows[30, True].draws == 1
    assert gained(found, 30, memoised=False) > gained(found, 30, memoised=True) + 0.005
    assert gained(found, 30, memoised=True) <= 0.005
    with pytest.raises(BadData, match="no row"):
        gained(found, 100, memoised=True)
