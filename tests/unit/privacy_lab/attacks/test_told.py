"""An attacker who is told of the noise undoes what can be undone of it, and averages what he sees often."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dataclasses import replace  # noqa: E402

from torch import nn  # noqa: E402

from models.manifest import NoiseSpec, OutputSpec  # noqa: E402
from models.quantise import Floats  # noqa: E402
from privacy_lab.attacks.averaging import averaging, still_frames, watch_frames  # noqa: E402
from privacy_lab.attacks.decoder import DecoderSettings, decoder_attack, pairs_of  # noqa: E402
from privacy_lab.attacks.objective import Interval, interval_of  # noqa: E402
from privacy_lab.attacks.rmle import RmleSettings, rmle_attack  # noqa: E402
from privacy_lab.attacks.scores import score  # noqa: E402
from privacy_lab.attacks.sight import Images, Sight, as_images  # noqa: E402
from privacy_lab.attacks.told import mean_of_draws, misfit_of  # noqa: E402
from privacy_lab.attacks.victim import Pixels, Victim  # noqa: E402
from privacy_lab.errors import AttackImpossible  # noqa: E402
from privacy_lab.noise.mechanisms import twin_of  # noqa: E402
from privacy_lab.noise.released import Noisy, noisy  # noqa: E402
from privacy_lab.noise.victims import victim_under  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402

BRIEF = RmleSettings(iterations=120, starts=1, tried=8, precision="float32")
LEAKY = OutputSpec("float32", (3, 16, 16), clip=60.0, scale=1.0)


def around(epsilon: float, nullified: float = 0.0) -> Noisy:
    noise = NoiseSpec(mechanism="laplace", bound=2.0, epsilon_per_coordinate=epsilon, nullified=nullified)
    return noisy(noise, LEAKY)


def planted_leak(epsilon: float, nullified: float = 0.0) -> Victim:
    """An extractor that sends the picture itself, under noise."""
    return victim_under(nn.Identity(), None, around(epsilon, nullified), planted.SIZE, labels=2, seed=5)


def ssim(images: Images, attacked: Pixels) -> float:
    return float(score(as_images(attacked), images).ssim.mean())


def sight(victim: Victim, observed: Floats) -> Sight:
    return Sight(victim, planted.regions(64, 1), observed, 0, planted.CPU)


def test_the_more_draws_are_averaged_the_better_the_reconstruction() -> None:
    attacked, victim, reached = planted.regions(8, 2).images, planted_leak(1.5), []
    for seen in watch_frames(
        victim.release, still_frames(attacked, 100, 0.0, 0), (1, 10, 100), memoised=False
    ):
        assert seen.draws == seen.frames
        told = averaging(victim, seen.draws)
        reached.append(ssim(rmle_attack(sight(told, seen.mean), BRIEF), attacked))
    assert reached[0] + 0.1 < reached[1]
    assert reached[1] + 0.1 < reached[2]


def test_a_memoised_draw_tells_no_more_however_often_it_is_sent() -> None:
    attacked, victim = planted.regions(8, 2).images, planted_leak(1.5)
    once = victim.release(attacked)
    seen = list(watch_frames(lambda _: once, still_frames(attacked, 100, 0.0, 0), (1, 100), memoised=True))
    assert [watched.draws for watched in seen] == [1, 1]
    assert np.allclose(seen[0].mean, seen[1].mean, atol=1e-6)


def test_who_is_told_of_the_noise_sees_more_than_who_is_not() -> None:
    attacked, victim = planted.regions(8, 3).images, planted_leak(8.0)
    observed = victim.release(attacked)
    blind = replace(victim, told=None)
    told, untold = (ssim(rmle_attack(sight(v, observed), BRIEF), attacked) for v in (victim, blind))
    assert told > untold


def test_who_knows_the_share_that_is_nullified_sees_more() -> None:
    attacked, victim = planted.regions(8, 4).images, planted_leak(50.0, nullified=0.5)
    observed = victim.release(attacked)
    assert victim.told is not None
    wrong = replace(victim, told=replace(victim.told, noise=around(50.0).noise))
    right, mistaken = (
        float(score(as_images(attacked), rmle_attack(sight(v, observed), BRIEF)).mse.mean())
        for v in (victim, wrong)
    )
    assert right < mistaken


def test_the_decoder_learns_from_noise_drawn_anew_and_undoes_some_of_it() -> None:
    attacked, victim = planted.regions(32, 5).images, planted_leak(3.0)
    pairs = pairs_of(victim, planted.regions(40, 6).images)
    assert pairs.redraw is not None
    assert not torch.equal(pairs.released(), pairs.released())
    assert pairs_of(replace(victim, told=None), attacked).redraw is None
    settings = DecoderSettings(views=0, pictures=600, epochs=4, precision="float32")
    observed = victim.release(attacked)
    seen = Sight(victim, planted.regions(200, 7), observed, 0, planted.CPU)
    raw = np.clip(observed.transpose(0, 2, 3, 1) * planted.SIZE.std + planted.SIZE.mean, 0, 1)
    decoded = decoder_attack(seen, settings)
    truth = as_images(attacked)
    assert score(truth, decoded).mse.mean() < 0.2 * score(truth, raw.astype(np.float32)).mse.mean()


@pytest.mark.parametrize(
    ("noise", "output"),
    [
        (NoiseSpec(mechanism="laplace", bound=1.0, epsilon_per_coordinate=2.0), planted.LEAKY),
        (NoiseSpec(mechanism="laplace-l1", bound=1.0, epsilon_joint=2.0), planted.FEW),
        (NoiseSpec(mechanism="gaussian-l2", bound=1.0, epsilon_joint=2.0, delta=1e-5), planted.FEW),
    ],
)
def test_the_law_of_the_noise_is_the_misfit(noise: NoiseSpec, output: OutputSpec) -> None:
    victim = victim_under(nn.Identity(), None, noisy(noise, output), planted.SIZE, labels=2, seed=0)
    apart, unit, _ = misfit_of(victim)
    assert unit is not None
    sigma = twin_of(noise, output).sigma
    seen = interval_of(np.zeros((1, *output.shape), np.float32), output)
    far = torch.zeros(1, *output.shape)
    far.view(-1)[0] = 3 * sigma + output.scale * (output.dtype == "int8") / 2
    # -log of the density, less its value at no noise at all.
    expected = 9 / 2 if noise.mechanism == "gaussian-l2" else 3 * 2**0.5
    assert float(apart(far, seen)) / unit == pytest.approx(expected, rel=0.05)
    assert float(apart(torch.zeros_like(far), seen)) == pytest.approx(0.0, abs=1e-6)


def test_a_response_is_inverted_as_what_it_says() -> None:
    words = ((9, 0, 0, 0), (0, 9, 0, 0))
    noise = NoiseSpec(mechanism="response", epsilon_joint=3.0, codebook=words)
    victim = victim_under(nn.Identity(), None, noisy(noise, planted.FEW), planted.SIZE, labels=2, seed=0)
    apart, unit, scale = misfit_of(victim)
    point = Interval(torch.zeros(1, 4), torch.zeros(1, 4))
    assert (float(apart(torch.ones(1, 4), point)), unit, scale) == (4.0, None, 1.0)


def test_the_mean_of_many_draws_spreads_as_it_should() -> None:
    twin = around(2.0).twin
    for shape, draws in (((200, 3, 16, 16), 50), ((20, 3, 16, 16), 50)):
        mean = mean_of_draws(twin, torch.zeros(shape), draws, torch.Generator().manual_seed(1))
        assert float(mean.std()) == pytest.approx(twin.sigma / 50**0.5, rel=0.05)


def test_nothing_is_averaged_where_there_is_no_noise() -> None:
    with pytest.raises(AttackImpossible, match="averaging"):
        averaging(planted.leaky(), 10)
