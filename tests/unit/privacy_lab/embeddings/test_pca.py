"""Principal components are the true ones, frozen as layers that project and reconstruct."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from privacy_lab.embeddings import pca as module  # noqa: E402
from privacy_lab.embeddings.advanced import accuracy_under_noise, project, reduce, sweep  # noqa: E402
from privacy_lab.embeddings.answers import analyze, compute, right  # noqa: E402
from privacy_lab.embeddings.pca import fit_pca, projection, reconstruction, with_noise  # noqa: E402
from privacy_lab.networks.cut import split  # noqa: E402
from tests.unit.privacy_lab import made  # noqa: E402
from tests.unit.privacy_lab.embeddings import trained  # noqa: E402


def activations(n: int = 60, shape: tuple[int, ...] = (2, 3, 2)) -> np.ndarray:
    random = np.random.default_rng(1)
    d = int(np.prod(shape))
    scales = np.linspace(5, 0.1, d)
    mixed = random.normal(size=(n, d)) * scales @ np.linalg.qr(random.normal(size=(d, d)))[0]
    return (mixed + 3).reshape(n, *shape).astype(np.float32)


def test_variances_are_the_largest_eigenvalues_of_the_covariance() -> None:
    x = activations()
    pca = fit_pca(x, 4)
    eigenvalues = np.linalg.eigvalsh(np.cov(x.reshape(60, -1).astype(np.float64).T))[::-1]
    assert pca.variances == pytest.approx(eigenvalues[:4], rel=1e-6)
    assert pca.w @ pca.w.T == pytest.approx(np.eye(4), abs=1e-9)
    assert pca.mu == pytest.approx(x.reshape(60, -1).mean(axis=0), abs=1e-5)


def test_many_numbers_give_the_same_components_as_few(monkeypatch: pytest.MonkeyPatch) -> None:
    x = activations()
    exact = fit_pca(x, 4)
    monkeypatch.setattr(module, "_SMALL", 0)
    sparse = fit_pca(x, 4)
    assert sparse.w == pytest.approx(exact.w, abs=1e-6)
    assert sparse.variances == pytest.approx(exact.variances, rel=1e-6)


def test_more_components_than_numbers_are_all_there_are() -> None:
    assert fit_pca(activations(shape=(3,)), 9).w.shape == (3, 3)


def test_all_components_give_the_activation_back() -> None:
    x = activations()
    pca = fit_pca(x, 12)
    back = reconstruction(pca)(projection(pca)(torch.from_numpy(x)))
    assert back.shape == x.shape
    assert torch.allclose(back, torch.from_numpy(x), atol=1e-4)


def test_the_layers_are_frozen_and_agree_with_the_arithmetic() -> None:
    x = activations()
    pca = fit_pca(x, 3)
    layers = projection(pca)
    assert not any(parameter.requires_grad for parameter in layers.parameters())
    assert layers(torch.from_numpy(x)).numpy() == pytest.approx(project(pca, x), abs=1e-4)


def test_fewer_components_are_the_first_ones() -> None:
    x = activations()
    assert np.array_equal(fit_pca(x, 5).first(2).w, fit_pca(x, 5).w[:2])


def test_noise_has_the_deviation_that_is_asked_for() -> None:
    z = np.zeros((4000, 2), np.float32)
    noisy = with_noise(z, 0.5, np.random.default_rng(0))
    assert noisy.dtype == np.float32
    assert noisy.std() == pytest.approx(0.5, rel=0.05)
    assert np.array_equal(with_noise(z, 0.0, np.random.default_rng(0)), z)


def test_the_sweep_answers_as_the_halves_that_are_cut_at_that_many_numbers() -> None:
    plan, regions = made.recipe(), trained.regions()
    network = trained.network(plan).eval()
    front, back = split(network, plan.split)
    x = compute(front, regions.images, plan.input)
    found = dict(sweep(back, fit_pca(x, 5), x, regions.labels))
    assert list(found) == [1, 2, 3, 4, 5]
    halves = reduce(network, plan.split, fit_pca(x, 3), x)
    logits = analyze(halves.back, compute(halves.front, regions.images, plan.input))
    assert found[3] == right(logits, regions.labels) / len(regions)
    assert halves.output.region_bytes == 3 * 4


def test_noise_in_the_space_of_components_costs_accuracy() -> None:
    back = torch.nn.Linear(1, 2)
    back.weight.data, back.bias.data = torch.tensor([[-1.0], [1.0]]), torch.zeros(2)
    labels = np.arange(1000) % 2
    z = (2.0 * labels - 1.0).astype(np.float32)[:, None]
    shares = [
        accuracy_under_noise(back, z, labels, sigma, np.random.default_rng(0)) for sigma in (0.0, 1.0, 100.0)
    ]
    # One deviation from the boundary: Phi(1) = .841; far beyond it, a guess.
    assert shares == pytest.approx([1.0, 0.841, 0.5], abs=0.05)
