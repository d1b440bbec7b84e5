"""Our code is learnt as it is stored: in training, in one folded layer, and on the wire."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.quantise import dequantise, quantise  # noqa: E402
from privacy_lab.embeddings.code import Squeeze, expand, output_of, store  # noqa: E402
from privacy_lab.embeddings.pca import fit_pca  # noqa: E402
from privacy_lab.recipe import CodeSpec  # noqa: E402

CODE = CodeSpec(numbers=3, levels=2, clip=1.5)


def activations() -> np.ndarray:
    return np.random.default_rng(0).gamma(2.0, size=(40, 4, 2, 2)).astype(np.float32)


@pytest.mark.parametrize("levels", [1, 2, 7, 127])
def test_storing_in_training_is_what_the_wire_does(levels: int) -> None:
    output = output_of(CodeSpec(numbers=3, levels=levels, clip=0.7))
    numbers = np.random.default_rng(1).normal(0, 1, (200, 3)).astype(np.float32)
    read_back = dequantise(quantise(numbers, output), output)
    assert store(torch.from_numpy(numbers), output).numpy() == pytest.approx(read_back, abs=1e-6)
    assert len(np.unique(np.round(read_back / output.scale))) <= 2 * levels + 1
    assert output.region_bytes == 3


def test_the_gradient_passes_bound_and_rounding() -> None:
    numbers = torch.tensor([[-9.0, 0.1, 0.9]], requires_grad=True)
    store(numbers, output_of(CODE)).sum().backward()
    assert numbers.grad.tolist() == [[1.0, 1.0, 1.0]]


def test_soft_storing_bounds_but_does_not_round() -> None:
    soft = store(torch.tensor([[-9.0, 0.1, 0.9]]), output_of(CODE), soft=True)
    assert soft[0].tolist() == pytest.approx([-1.5, 0.1, 0.9])


def test_the_code_starts_as_the_main_components_of_variance_one() -> None:
    x = torch.from_numpy(activations())
    pca = fit_pca(x.numpy(), 3)
    squeeze = Squeeze(pca).train()
    numbers = squeeze(x)
    assert numbers.mean(dim=0).tolist() == pytest.approx([0.0] * 3, abs=1e-5)
    assert numbers.var(dim=0, unbiased=False).tolist() == pytest.approx([1.0] * 3, abs=1e-3)
    back = expand(pca)(numbers).detach()
    assert back.shape == x.shape
    assert float(back.min()) >= 0.0
    assert float((back - x).pow(2).mean()) < float((x - x.mean(dim=0)).pow(2).mean())


def test_folding_changes_no_number() -> None:
    x = torch.from_numpy(activations())
    squeeze = Squeeze(fit_pca(x.numpy(), 3))
    for _ in range(20):
        squeeze(x)
    squeeze.eval()
    folded = squeeze.folded()
    assert [type(layer).__name__ for layer in folded] == ["Flatten", "Linear"]
    assert torch.allclose(folded(x), squeeze(x), atol=1e-5)
