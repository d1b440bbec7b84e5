"""The similarity that a decoder learns for is the one it is scored by, and learning for it reaches more."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.ndimage import gaussian_filter  # noqa: E402
from skimage.metrics import structural_similarity as skimage_similarity  # noqa: E402
from torch import nn  # noqa: E402

from privacy_lab.attacks.decoder import DecoderSettings, StructuralSettings  # noqa: E402
from privacy_lab.attacks.fitting import Budget, Pairs, error_of, fit, rise_and_fall  # noqa: E402
from privacy_lab.attacks.floors import answer_alone  # noqa: E402
from privacy_lab.attacks.reconstructions import Settings, Workbench  # noqa: E402
from privacy_lab.attacks.scores import score  # noqa: E402
from privacy_lab.attacks.sight import Images, as_images, unwatched  # noqa: E402
from privacy_lab.attacks.structure import structural_similarity  # noqa: E402
from privacy_lab.battery.reconstruction import settings_of  # noqa: E402
from privacy_lab.errors import BadImages  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402

AUXILIARY = planted.regions(320, 1)
ATTACKED = planted.regions(24, 2)
BRIEF = StructuralSettings(decoder=DecoderSettings(views=0, pictures=2_000, batch=32))
BUDGET = Budget(
    pictures=6_400, epochs=100, batch=16, rate=0.02, weight_decay=0.0, patience=100, precision="float32"
)


def ssim_of(images: Images) -> float:
    return float(score(as_images(ATTACKED.images), images).ssim.mean())


def tensor(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images.astype(np.float32)).permute(0, 3, 1, 2)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (24, 37), (7, 9)])
@pytest.mark.parametrize("smooth", [0.0, 2.0])
@pytest.mark.parametrize("noise", [0.02, 0.5])
def test_it_is_the_similarity_of_scikit_image(height: int, width: int, smooth: float, noise: float) -> None:
    random = np.random.default_rng(height)
    x = gaussian_filter(random.random((5, height, width, 3)), (0, smooth, smooth, 0))
    y = np.clip(x + noise * random.normal(size=x.shape), 0, 1)
    expected = [skimage_similarity(a, b, data_range=1.0, channel_axis=-1) for a, b in zip(x, y, strict=True)]
    assert float(structural_similarity(tensor(x), tensor(y))) == pytest.approx(np.mean(expected), abs=1e-4)


def test_a_picture_is_like_itself_and_its_gradient_leads_there() -> None:
    x = tensor(as_images(ATTACKED.images[:4]))
    assert float(structural_similarity(x, x)) == pytest.approx(1.0, abs=1e-5)
    guess = torch.full_like(x, 0.5).requires_grad_()
    before = structural_similarity(guess, x)
    (slope,) = torch.autograd.grad(before, guess)
    assert bool(slope.isfinite().all())
    moved = guess.detach() + 0.05 * slope / slope.abs().max()
    assert float(structural_similarity(moved, x)) > float(before.detach())


def test_pictures_smaller_than_a_window_are_refused() -> None:
    with pytest.raises(BadImages, match="6 × 8"):
        structural_similarity(torch.zeros(1, 3, 6, 8), torch.zeros(1, 3, 6, 8))


def test_a_leaky_extractor_is_seen_through() -> None:
    sight = planted.sight(planted.leaky(), AUXILIARY, ATTACKED)
    assert ssim_of(Workbench(sight, Settings(structural=BRIEF)).reconstruct("structural")) > 0.9


def test_a_constant_extractor_leaves_no_more_than_the_answer_alone() -> None:
    sight = planted.sight(planted.private(), AUXILIARY, ATTACKED)
    images = Workbench(sight, Settings(structural=BRIEF)).reconstruct("structural")
    reference = answer_alone(sight, BRIEF.decoder, BRIEF.weight)
    assert ssim_of(images) == pytest.approx(ssim_of(reference), abs=0.02)


def test_learning_for_structure_reaches_more_of_it_at_the_cost_of_squared_error() -> None:
    """Strong and faint inverted ripples behind one code: their mean is like neither of them."""
    ripple = np.random.default_rng(0).choice([-1.0, 1.0], (16, 16, 1)).repeat(3, axis=2)
    images = 0.5 + np.where(np.arange(64) % 2, 0.3, -0.05)[:, None, None, None] * ripple
    pairs = Pairs(torch.ones(64, 1), torch.from_numpy(np.rint(255 * images).astype(np.uint8)))
    errors, likeness = [], []
    for structure in (0.0, 1.0):
        network = nn.Sequential(nn.Linear(1, 768, bias=False), nn.Unflatten(1, (3, 16, 16)))
        nn.init.constant_(network[0].weight, 0.5)
        fit(
            network,
            pairs,
            pairs,
            replace(BUDGET, structure=structure),
            rise_and_fall,
            seed=0,
            watch=unwatched,
        )
        errors.append(error_of(network, pairs, BUDGET))
        likeness.append(float(structural_similarity(network(pairs.codes).detach(), tensor(images))))
    assert errors[0] < errors[1] - 0.005
    assert likeness[0] + 0.1 < likeness[1]


def test_a_weight_changes_no_other_attacks_settings() -> None:
    """What is recorded of the others names finished work: it must not change with this attack's."""
    plain, other = Settings(), Settings(structural=StructuralSettings(weight=0.2))
    for name in ("decoder", "rmle", "refined", "inverse", "shadow", "answer-alone"):
        recorded = settings_of(name, plain)
        assert recorded == settings_of(name, other)
        assert not any("structur" in key or key == "weight" for key in recorded)
    own = settings_of("structural", other)
    assert own == settings_of("answer-alone-structural", other)
    assert (own["weight"], own["decoder.pictures"]) == (0.2, 30_000)
    assert json.loads(json.dumps(own)) == own
