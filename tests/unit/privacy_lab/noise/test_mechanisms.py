"""The torch twins do what the run-time mechanisms do: the same bounds, the same laws, and gradients besides.

Seeds are fixed. Were they not, each Kolmogorov-Smirnov test would cry wrongly once in a million runs.
"""

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp

torch = pytest.importorskip("torch")

from feature_node.release.chains import chain_of  # noqa: E402
from feature_node.release.nullify import nullified as nullified_at_run_time  # noqa: E402
from feature_node.release.samplers import SeededSamplers  # noqa: E402
from feature_node.release.storing import payloads  # noqa: E402
from models.manifest import NoiseSpec, OutputSpec  # noqa: E402
from models.quantise import Floats, dequantise  # noqa: E402
from privacy_lab.noise.mechanisms import nullified, stored, twin_of, within  # noqa: E402

ALARM = 1e-6
MAP = OutputSpec("float32", (2, 2, 2), clip=40.0, scale=1.0)
HALF = OutputSpec("float16", (2, 2, 2), clip=40.0, scale=1.0)
FEW = OutputSpec("int8", (4,), clip=12.7, scale=0.1)
WORDS = ((10, 0, 0, 0), (0, 10, 0, 0), (-10, -10, 0, 3))
SPECS = {
    "as published": (NoiseSpec(mechanism="laplace", bound=2.0, epsilon_per_coordinate=1.5), MAP),
    "stored as float16": (NoiseSpec(mechanism="laplace", bound=2.0, epsilon_per_coordinate=1.5), HALF),
    "stored as int8": (NoiseSpec(mechanism="laplace", bound=2.0, epsilon_per_coordinate=1.5), FEW),
    "joint Laplace": (NoiseSpec(mechanism="laplace-l1", bound=2.0, epsilon_joint=3.0), FEW),
    "few steps": (NoiseSpec(mechanism="laplace-l1", bound=0.35, epsilon_joint=4.0), FEW),
    "joint Gaussian": (NoiseSpec(mechanism="gaussian-l2", bound=2.0, epsilon_joint=3.0, delta=1e-5), FEW),
    "response": (NoiseSpec(mechanism="response", epsilon_joint=1.0, codebook=WORDS), FEW),
}
EVERY = pytest.mark.parametrize(("noise", "output"), SPECS.values(), ids=SPECS)


def sent(x: Floats, noise: NoiseSpec, output: OutputSpec) -> Floats:
    rows, _ = chain_of(output, noise, SeededSamplers(3)).apply(x)
    return dequantise(payloads(rows), output)


def imagined(x: Floats, noise: NoiseSpec, output: OutputSpec) -> Floats:
    twin = twin_of(noise, output)
    numbers: Floats = twin.noisy(twin.bounded(torch.from_numpy(x)), torch.Generator().manual_seed(4)).numpy()
    return numbers


@EVERY
def test_what_is_sent_and_what_is_learnt_under_have_one_law(noise: NoiseSpec, output: OutputSpec) -> None:
    one = np.linspace(-1.5, 3.0, output.numbers, dtype=np.float32).reshape(1, *output.shape)
    x = np.repeat(one, 20_000, axis=0)
    ours, theirs = (draw(x, noise, output).reshape(len(x), -1) for draw in (imagined, sent))
    for column in range(output.numbers):
        # The grid of an int8 is told apart from itself by rounding in the last bit of a float alone.
        a, b = (np.round(rows[:, column].astype(np.float64), 4) for rows in (ours, theirs))
        assert ks_2samp(a, b).pvalue > ALARM / output.numbers


def test_another_law_is_told_apart() -> None:
    noise, output = SPECS["joint Laplace"]
    x = np.zeros((20_000, 4), np.float32)
    half = NoiseSpec(mechanism="laplace-l1", bound=2.0, epsilon_joint=3.5)
    assert ks_2samp(imagined(x, half, output)[:, 0], sent(x, noise, output)[:, 0]).pvalue < ALARM


@EVERY
def test_bounds_hold_and_leave_what_is_within(noise: NoiseSpec, output: OutputSpec) -> None:
    random = np.random.default_rng(0)
    x = torch.from_numpy(random.normal(0, 5, (50, *output.shape)).astype(np.float32))
    bounded = twin_of(noise, output).bounded(x).flatten(1)
    order = {"laplace": math.inf, "laplace-l1": 1, "gaussian-l2": 2}.get(noise.mechanism)
    if order is None:
        steps = np.rint(bounded.numpy() / output.scale).astype(int)
        assert {tuple(row) for row in steps.tolist()} == set(noise.codebook)
        return
    assert noise.bound is not None
    assert float(torch.linalg.vector_norm(bounded, ord=order, dim=1).max()) <= noise.bound * (1 + 1e-5)
    small = torch.zeros(1, *output.shape)
    assert torch.equal(twin_of(noise, output).bounded(small), small)


@EVERY
def test_the_gradient_reaches_the_front_through_bound_noise_and_storage(
    noise: NoiseSpec, output: OutputSpec
) -> None:
    x = (3 * torch.randn(64, *output.shape, generator=torch.Generator().manual_seed(1))).requires_grad_()
    twin = twin_of(noise, output)
    twin.noisy(twin.bounded(x), torch.Generator().manual_seed(2)).square().sum().backward()
    assert x.grad is not None
    assert bool(torch.isfinite(x.grad).all())
    assert float((x.grad.flatten(1).abs().sum(dim=1) > 0).float().mean()) > 0.4


def test_the_gradient_of_a_bound_is_the_bounds_own() -> None:
    x = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    for order in (1.0, 2.0, math.inf):
        assert torch.autograd.gradcheck(lambda given, order=order: within(given, 0.7, order), (x,))


def test_no_noise_is_drawn_twice() -> None:
    noise, output = SPECS["as published"]
    twin, x = twin_of(noise, output), torch.zeros(2, 2, 2, 2)
    first, second = twin.noisy(x), twin.noisy(x)
    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
    again = [twin.noisy(x, torch.Generator().manual_seed(9)) for _ in range(2)]
    assert torch.equal(again[0], again[1])


def test_stored_numbers_are_on_the_grid_of_the_payload() -> None:
    x = torch.tensor([[0.04, -0.26, 99.0, -99.0]])
    assert stored(x, FEW)[0].tolist() == pytest.approx([0.0, -0.3, 12.7, -12.7])


@pytest.mark.parametrize("mu", [0.0, 0.05, 0.1, 0.97])
def test_as_many_entries_are_nullified_as_at_run_time_other_ones_for_each_picture(mu: float) -> None:
    ones = torch.ones(3, 3, 8, 8)
    kept = nullified(ones, mu, torch.Generator().manual_seed(5))
    at_run_time = nullified_at_run_time(ones.numpy(), mu)
    assert kept.flatten(1).sum(dim=1).tolist() == at_run_time.reshape(3, -1).sum(axis=1).tolist()
    if mu:
        assert not torch.equal(kept[0], kept[1])
