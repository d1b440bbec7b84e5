"""White-box inversion: each picture for itself, every term of the objective, the attacker's own yardstick."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.manifest import OutputSpec  # noqa: E402
from models.pictures import normalise  # noqa: E402
from privacy_lab.attacks.inversion import Descent, Inversion, best_of  # noqa: E402
from privacy_lab.attacks.objective import (  # noqa: E402
    Weights,
    interval_of,
    misfit,
    total_variation,
    total_variation_gradient,
)
from privacy_lab.attacks.rmle import RmleSettings, choose, rmle_attack  # noqa: E402
from privacy_lab.attacks.sight import Images, unwatched  # noqa: E402
from privacy_lab.errors import AttackImpossible  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402

INT8 = OutputSpec("int8", (2, 8, 8), 1.0, 1.0 / 127)
BRIEF = Descent(iterations=30, rate=0.1, precision="float32")


def inversion(victim: planted.Victim, codes: np.ndarray) -> Inversion:
    assert victim.front is not None
    return Inversion(victim.front, victim.input, victim.output, codes, planted.CPU)


@pytest.mark.parametrize(
    "output",
    [
        INT8,
        OutputSpec("int8", (2, 8, 8), 0.05, 0.05 / 127),
        OutputSpec("float16", (2, 8, 8), 4.0, 1.0),
        OutputSpec("float32", (2, 8, 8), 0.05, 1.0),
    ],
)
def test_the_true_picture_fits_what_was_sent_of_it_at_no_cost(output: OutputSpec) -> None:
    victim = planted.convolutional(output)
    images = planted.regions(5, 3).images
    seen = interval_of(victim.release(images), output)
    assert victim.front is not None
    with torch.no_grad():
        numbers = victim.front(torch.from_numpy(normalise(images, victim.input)))
    assert float(misfit(numbers, seen).max()) < 1e-9
    assert bool((numbers.abs() > output.clip).any()) == (output.clip < 1.0)
    # And it costs something to be a whole step away, unless that is still past the bound.
    inside = torch.isfinite(seen.low) & torch.isfinite(seen.high)
    away = torch.where(inside, numbers + 2 * output.scale, numbers)
    assert float(misfit(away, seen).min()) > 0


def test_the_gradient_of_the_total_variation_is_the_one_of_autograd() -> None:
    u = torch.randn(2, 3, 7, 9, dtype=torch.float64, requires_grad=True)
    std = torch.tensor([0.2, 0.3, 0.4], dtype=torch.float64).view(1, 3, 1, 1)
    total_variation(u, std).sum().backward()
    assert u.grad is not None
    assert torch.allclose(u.grad, total_variation_gradient(u.detach(), std))


def test_a_picture_is_inverted_in_a_batch_as_it_is_alone() -> None:
    victim = planted.convolutional(INT8)
    codes = victim.release(planted.regions(5, 4).images)
    invert = inversion(victim, codes)
    by, start = Weights(0.01, 0.1), invert.neutral(5)
    together, j = invert.run(codes, start, by, BRIEF, unwatched)
    alone, j_alone = invert.run(codes[3:4], start[3:4], by, BRIEF, unwatched)
    assert np.abs(together[3] - alone[0]).max() < 1e-4
    assert j[3] == pytest.approx(float(j_alone[0]), rel=1e-3)


def test_batches_of_another_size_give_the_same_pictures() -> None:
    victim = planted.convolutional(INT8)
    codes = victim.release(planted.regions(5, 4).images)
    invert = inversion(victim, codes)
    few = Descent(30, 0.1, at_once=2, precision="float32")
    results = [invert.run(codes, invert.neutral(5), Weights(0.01), d, unwatched)[0] for d in (BRIEF, few)]
    assert np.abs(results[0] - results[1]).max() < 1e-4


def test_every_term_of_the_objective_reaches_the_picture() -> None:
    victim = planted.convolutional(INT8)
    codes = victim.release(planted.regions(4, 5).images)
    invert = inversion(victim, codes)
    start = np.random.default_rng(0).uniform(0.3, 0.7, (4, 16, 16, 3)).astype(np.float32)

    def reached(by: Weights) -> tuple[float, float, float]:
        images, _ = invert.run(codes, start, by, BRIEF, unwatched)
        u = torch.from_numpy(images).permute(0, 3, 1, 2)
        fit = invert.run(codes, images, Weights(0.0), Descent(1, 1e-9), unwatched)[1]
        return (
            float(fit.sum()),
            float(total_variation(u, torch.ones(1)).sum()),
            float(np.square(images - start).sum()),
        )

    plain, smooth, near = (reached(by) for by in (Weights(0.0), Weights(10.0), Weights(0.0, 1000.0)))
    at_start = float(invert.run(codes, start, Weights(0.0), Descent(1, 1e-9), unwatched)[1].sum())
    assert (
        plain[0] < 0.05 * at_start
    )  # a gradient cleared after it was computed would leave the start as it is
    assert smooth[1] < 0.5 * plain[1]
    assert near[2] < 0.05 * plain[2]


def test_weights_of_the_front_do_not_change_and_pictures_stay_pictures() -> None:
    victim = planted.convolutional(INT8)
    assert victim.front is not None
    before = [weight.clone() for weight in victim.front.parameters()]
    codes = victim.release(planted.regions(2, 6).images)
    invert = inversion(victim, codes)
    images, _ = invert.run(codes, invert.neutral(2), Weights(0.0), Descent(10, 5.0), unwatched)
    assert images.min() >= 0
    assert images.max() <= 1
    assert all(torch.equal(a, b) for a, b in zip(before, victim.front.parameters(), strict=True))


def test_each_picture_keeps_the_try_of_the_lowest_objective() -> None:
    first, second = (np.full((3, 8, 8, 3), value, np.float32) for value in (0.0, 1.0))
    j = np.array([1.0, 5.0, 2.0], np.float32), np.array([2.0, 1.0, 2.0], np.float32)
    best = best_of([(first, j[0]), (second, j[1])])
    assert best[:, 0, 0, 0].tolist() == [0.0, 1.0, 0.0]


def test_weights_are_chosen_by_the_highest_similarity_to_the_attackers_own_pictures() -> None:
    truth = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype(np.float32)
    blurred = {0.1: 0.5 * truth + 0.25, 1.0: truth, 2.0: 1 - truth}

    def attempt(by: Weights, watch: object) -> Images:
        return np.asarray(blurred[by.smooth], np.float32)

    assert choose([Weights(s) for s in blurred], attempt, truth, unwatched).smooth == 1.0


def test_progress_runs_from_nothing_to_all() -> None:
    auxiliary, attacked = planted.regions(6, 1), planted.regions(3, 2)
    shares: list[float] = []
    plain = planted.sight(planted.convolutional(INT8), auxiliary, attacked)
    watched = planted.Sight(
        plain.victim, plain.auxiliary, plain.observed, plain.seed, plain.device, shares.append
    )
    rmle_attack(watched, RmleSettings(iterations=4, tried=2))
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_without_a_front_the_attack_says_why_it_is_left_out() -> None:
    plain = planted.leaky()
    blind = planted.Victim(plain.input, plain.output, plain.labels, plain.release)
    with pytest.raises(AttackImpossible, match="extractor as a differentiable network"):
        rmle_attack(planted.sight(blind, planted.regions(4, 1), planted.regions(2, 2)), RmleSettings())


def test_without_regions_of_his_own_the_attacker_cannot_choose() -> None:
    with pytest.raises(AttackImpossible, match="no auxiliary regions"):
        rmle_attack(
            planted.sight(planted.leaky(), planted.regions(0, 1), planted.regions(2, 2)), RmleSettings()
        )


def test_a_front_that_is_flat_leaves_the_start_as_it_is() -> None:
    flat = planted.private()
    codes = flat.release(planted.regions(2, 1).images)
    invert = Inversion(nn.Sequential(planted.Constant()), flat.input, flat.output, codes, planted.CPU)
    images, _ = invert.run(codes, invert.neutral(2), Weights(0.1), BRIEF, unwatched)
    assert np.abs(images - invert.neutral(2)).max() < 1e-6
