"""A leaky extractor gives everything away, a constant one nothing: the attacks find both."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from privacy_lab.attacks.decoder import DecoderSettings, StructuralSettings  # noqa: E402
from privacy_lab.attacks.floors import answer_alone, class_mean  # noqa: E402
from privacy_lab.attacks.inverse import InverseSettings  # noqa: E402
from privacy_lab.attacks.reconstructions import NAMES, Name, Settings, Workbench  # noqa: E402
from privacy_lab.attacks.refined import RefinedSettings  # noqa: E402
from privacy_lab.attacks.rmle import RmleSettings  # noqa: E402
from privacy_lab.attacks.scores import score  # noqa: E402
from privacy_lab.attacks.shadow import ShadowSettings  # noqa: E402
from privacy_lab.attacks.sight import Sight, as_images  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402

AUXILIARY = planted.regions(320, 1)
ATTACKED = planted.regions(24, 2)
TRUTH = as_images(ATTACKED.images)
BRIEF = Settings(
    decoder=DecoderSettings(views=0, pictures=2_000, batch=32),
    rmle=RmleSettings(iterations=80, smooth=(0.0, 0.03), tried=4),
    refined=RefinedSettings(iterations=40, smooth=(0.0,), near=(0.1, 1000.0), tried=8),
    inverse=InverseSettings(pictures=3_000, batch=16, rate=5e-3),
    shadow=ShadowSettings(pictures=600, iterations=20),
    structural=StructuralSettings(decoder=DecoderSettings(views=0, pictures=2_000, batch=32)),
)


def ssim_of(images: np.ndarray) -> float:
    return float(score(TRUTH, images).ssim.mean())


@pytest.fixture(scope="module")
def leaky() -> Workbench:
    return Workbench(planted.sight(planted.leaky(), AUXILIARY, ATTACKED), BRIEF)


@pytest.fixture(scope="module")
def unseen() -> Sight:
    return planted.sight(planted.private(), AUXILIARY, ATTACKED)


@pytest.fixture(scope="module")
def private(unseen: Sight) -> Workbench:
    return Workbench(unseen, BRIEF)


@pytest.mark.parametrize(
    ("name", "least"), [("decoder", 0.97), ("rmle", 0.99), ("refined", 0.97), ("inverse", 0.9)]
)
def test_a_leaky_extractor_is_seen_through(leaky: Workbench, name: Name, least: float) -> None:
    assert ssim_of(leaky.reconstruct(name)) > least


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"shadow", "structural"}])
def test_a_constant_extractor_leaves_no_more_than_the_floor(
    unseen: Sight, private: Workbench, name: Name
) -> None:
    floor = ssim_of(class_mean(unseen))
    assert floor < 0.5
    assert ssim_of(private.reconstruct(name)) < floor + 0.02


def test_on_a_constant_extractor_the_decoder_ends_at_the_floor_and_not_below_it(
    unseen: Sight, private: Workbench
) -> None:
    images = private.reconstruct("decoder")
    assert ssim_of(images) == pytest.approx(ssim_of(class_mean(unseen)), abs=0.01)
    assert np.abs(images - images[0]).max() < 1e-6


def test_the_answer_alone_shows_the_class_and_no_more() -> None:
    sight = planted.sight(planted.leaky(), AUXILIARY, ATTACKED)
    floor = class_mean(sight)
    images = answer_alone(sight, BRIEF.decoder)
    assert np.abs(images - floor).mean() < 0.02
    assert ssim_of(images) == pytest.approx(ssim_of(floor), abs=0.02)


def test_reconstructions_are_pictures_of_the_input_size(leaky: Workbench) -> None:
    for name in NAMES:
        images = leaky.reconstruct(name)
        assert (images.shape, images.dtype) == (TRUTH.shape, np.float32)
        assert images.min() >= 0
        assert images.max() <= 1


def test_the_same_seed_gives_the_same_pictures() -> None:
    again = [
        Workbench(planted.sight(planted.leaky(), AUXILIARY, ATTACKED), BRIEF).reconstruct("rmle")
        for _ in range(2)
    ]
    assert np.array_equal(*again)
