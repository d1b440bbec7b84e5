"""The inverse network's plan, the shadow attack's blindness, and what answers an attacker can know."""

from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.manifest import OutputSpec  # noqa: E402
from models.pictures import normalise  # noqa: E402
from privacy_lab.attacks.answers import answers_of  # noqa: E402
from privacy_lab.attacks.aside import set_aside  # noqa: E402
from privacy_lab.attacks.decoder import DecoderSettings, decoder_attack  # noqa: E402
from privacy_lab.attacks.floors import class_mean, means  # noqa: E402
from privacy_lab.attacks.inverse import InverseNetwork, InverseSettings, inverse_attack, plan  # noqa: E402
from privacy_lab.attacks.objective import frozen  # noqa: E402
from privacy_lab.attacks.shadow import Shadow, ShadowSettings, shadow_attack, train_shadow  # noqa: E402
from privacy_lab.attacks.sight import Sight, as_images, unwatched  # noqa: E402
from privacy_lab.data.dataset import UNKNOWN, Regions  # noqa: E402
from privacy_lab.errors import AttackImpossible  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402

MAP = OutputSpec("int8", (2, 8, 8), 1.0, 1.0 / 127)


@pytest.mark.parametrize(
    ("doublings", "channels"), [(0, ()), (1, (64,)), (2, (128, 64)), (3, (128, 128, 64))]
)
def test_the_inverse_network_has_the_papers_channels(doublings: int, channels: tuple[int, ...]) -> None:
    assert plan(doublings, 32) == channels


@pytest.mark.parametrize(
    ("shape", "height", "width"),
    [
        ((64, 32, 32), 32, 32),
        ((128, 16, 16), 32, 32),
        ((128, 8, 8), 32, 32),
        ((8,), 64, 64),
        ((5, 12, 9), 48, 40),
    ],
)
def test_the_inverse_network_gives_pictures_of_the_input_size(
    shape: tuple[int, ...], height: int, width: int
) -> None:
    assert InverseNetwork(shape, height, width)(torch.zeros(2, *shape)).shape == (2, 3, height, width)


def unqueried(sight: Sight) -> Sight:
    def refuse(_regions: object) -> NoReturn:
        raise AssertionError("the shadow attack may not query")

    return replace(sight, victim=replace(sight.victim, release=refuse, front=None, analyze=None))


def test_the_shadow_attack_neither_queries_nor_sees_the_front() -> None:
    sight = planted.sight(planted.convolutional(MAP), planted.regions(40, 1), planted.regions(3, 2))
    images = shadow_attack(unqueried(sight), ShadowSettings(pictures=128, batch=32, iterations=5))
    assert images.shape == (3, 16, 16, 3)


def test_the_shadow_learns_to_answer_through_the_true_back() -> None:
    sight = planted.sight(planted.leaky(), planted.regions(200, 1), planted.regions(20, 2))
    assert sight.victim.back is not None
    back = frozen(sight.victim.back)
    shadow = train_shadow(
        sight, back, ShadowSettings(pictures=1_500, batch=32, precision="float32"), unwatched
    )
    x = torch.from_numpy(normalise(planted.regions(60, 3).images, planted.SIZE))
    with torch.no_grad():
        answers = back(shadow.eval()(x)).argmax(dim=1).numpy()
    assert (answers == planted.regions(60, 3).labels).mean() > 0.9


def test_the_shadow_has_the_shape_and_spread_of_what_is_observed() -> None:
    for shape in ((8,), (2, 8, 8), (4, 4, 4), (16, 32, 32)):
        output = OutputSpec("float32", shape, 60.0, 1.0)
        observed = np.random.default_rng(0).normal(3, 2, (50, *shape)).astype(np.float32)
        shadow = Shadow(planted.size_of(64), output, observed).train()
        numbers = shadow(torch.randn(32, 3, 64, 64)).detach()
        assert numbers.shape == (32, *shape)
        assert float(numbers.mean()) == pytest.approx(3.0, abs=0.2)


def test_without_an_analyzer_or_labels_the_shadow_attack_says_why_it_is_left_out() -> None:
    whole = planted.sight(planted.convolutional(MAP), planted.regions(10, 1), planted.regions(2, 2))
    edge = replace(whole, victim=replace(whole.victim, back=None))
    with pytest.raises(AttackImpossible, match="analyzer"):
        shadow_attack(edge, ShadowSettings())
    auxiliary = Regions(whole.auxiliary.images, np.full(10, UNKNOWN), whole.auxiliary.identities)
    with pytest.raises(AttackImpossible, match="two labels"):
        shadow_attack(replace(whole, auxiliary=auxiliary), ShadowSettings())


def test_without_an_analyzer_the_answer_is_guessed_from_labels_and_without_labels_it_tells_nothing() -> None:
    victim = replace(planted.leaky(), analyze=None, back=None)
    auxiliary, attacked = planted.regions(200, 1), planted.regions(40, 2)
    guess = answers_of(victim, auxiliary, 0)
    assert (guess(victim.release(attacked.images)) == attacked.labels).mean() > 0.9
    unlabelled = Regions(auxiliary.images, np.full(200, UNKNOWN), auxiliary.identities)
    assert not answers_of(victim, unlabelled, 0)(victim.release(attacked.images)).any()


def test_the_floor_is_the_mean_of_the_pictures_that_are_answered_alike() -> None:
    auxiliary, attacked = planted.regions(80, 1), planted.regions(10, 2)
    sight = planted.sight(planted.leaky(), auxiliary, attacked)
    floor = class_mean(sight)
    bright = as_images(auxiliary.images[auxiliary.labels == 1]).mean(axis=0)
    assert np.abs(floor[attacked.labels == 1] - bright).max() < 1e-5


def test_an_answer_that_no_picture_gets_has_the_mean_of_all() -> None:
    images = np.stack([np.zeros((8, 8, 3)), np.ones((8, 8, 3))]).astype(np.float32)
    rows = means(images, np.array([0, 0]), 2)
    assert rows[0].mean() == rows[1].mean() == 0.5


def test_regions_set_aside_are_about_the_share_and_never_learnt_from() -> None:
    learn, aside = set_aside(planted.regions(100, 1), 0.1, 3)
    assert (len(learn), len(aside)) == (90, 10)
    assert not set(learn.tolist()) & set(aside.tolist())
    one = Regions(planted.regions(10, 1).images, np.zeros(10, np.int64), np.zeros(10, np.int64))
    assert len(set_aside(one, 0.2, 3)[1]) == 2
    learn, aside = set_aside(planted.regions(2, 1), 0.1, 3)
    assert (len(learn), len(aside)) == (1, 1)
    with pytest.raises(AttackImpossible, match="too few"):
        set_aside(planted.regions(1, 1), 0.1, 3)


def test_an_attacker_with_three_regions_of_his_own_still_attacks() -> None:
    sight = planted.sight(planted.leaky(), planted.regions(3, 1), planted.regions(2, 2))
    for attack in (
        lambda: decoder_attack(sight, DecoderSettings(pictures=64)),
        lambda: inverse_attack(sight, InverseSettings(pictures=64)),
        lambda: class_mean(sight),
    ):
        assert np.isfinite(attack()).all()
