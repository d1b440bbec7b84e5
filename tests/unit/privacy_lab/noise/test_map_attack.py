"""One decoder undoes every amount of noise that it was taught under, and begins at the mean picture."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.manifest import NoiseSpec  # noqa: E402
from privacy_lab.attacks.scores import score  # noqa: E402
from privacy_lab.attacks.sight import as_images  # noqa: E402
from privacy_lab.noise.batches import Batches  # noqa: E402
from privacy_lab.noise.map_attack import Lesson, decode, teach  # noqa: E402
from privacy_lab.noise.map_decoder import MapDecoder, MapStatistics  # noqa: E402
from privacy_lab.noise.released import laplace_output, median_norm, noisy, right_of  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402
from tests.unit.privacy_lab.noise import made  # noqa: E402

LESSON = Lesson(width=8, pictures=1600, precision="float32")


@pytest.fixture(scope="module")
def examples() -> Batches:
    return made.batches(planted.regions(160, 1))


def test_the_weaker_the_noise_the_more_is_seen_by_one_and_the_same_decoder(examples: Batches) -> None:
    around, attacked = made.around(nn.Identity(), examples, 10.0), planted.regions(24, 2)
    sigmas = (0.05, 0.5, 5.0)
    decoder = teach(
        lambda x, source: around.clean(nn.Identity(), x, source),
        examples,
        sigmas,
        LESSON,
        seed=0,
        device=made.CPU,
    )
    (x, _), draw = next(iter(made.batches(attacked).plain())), torch.Generator().manual_seed(1)
    clean, reached = around.clean(nn.Identity(), x), []
    for sigma in sigmas:
        noise = torch.randn(clean.shape, generator=draw) * sigma
        seen = decode(decoder, (clean + noise).numpy(), sigma)
        reached.append(float(score(as_images(attacked.images), seen).mse.mean()))
    assert reached == sorted(reached)
    mean = np.broadcast_to(decoder.picture.permute(1, 2, 0).numpy(), seen.shape)
    blind = float(score(as_images(attacked.images), np.ascontiguousarray(mean)).mse.mean())
    assert reached[0] < 0.3 * blind
    assert reached[2] < 1.1 * blind


@pytest.mark.parametrize("shape", [(3, 16, 16), (5, 8, 8)])
def test_before_it_has_learnt_it_gives_the_mean_picture(shape: tuple[int, int, int]) -> None:
    picture = torch.rand(3, 16, 16)
    ones = torch.ones(shape[0], 1, 1)
    decoder = MapDecoder(MapStatistics(0 * ones, ones, picture), 8).eval()
    with torch.no_grad():
        seen = decoder(torch.randn(2, *shape), torch.tensor([0.1, 3.0]))
    assert torch.allclose(seen, picture.expand(2, -1, -1, -1), atol=1e-6)


def test_the_bound_is_the_median_of_the_largest_numbers(examples: Batches) -> None:
    x = torch.cat([x for x, _ in examples.plain(101)])
    expected = x.abs().amax(dim=(1, 2, 3)).median()
    assert median_norm(nn.Identity(), examples, 101) == pytest.approx(float(expected))


@pytest.mark.parametrize("epsilon", [0.1, 10.0, 5000.0])
def test_what_is_stored_cuts_next_to_no_noise_off(epsilon: float) -> None:
    output = laplace_output((3, 16, 16), 2.0, epsilon)
    noise = NoiseSpec(mechanism="laplace", bound=2.0, epsilon_per_coordinate=epsilon)
    noise.check_fits(output)
    around = noisy(noise, output)
    sent = around.twin.noisy(torch.zeros(200, 3, 16, 16), torch.Generator().manual_seed(0))
    assert float(sent.abs().max()) < output.clip
    assert float(sent.std()) == pytest.approx(2**0.5 * 4.0 / epsilon, rel=0.03)


def test_answers_under_noise_follow_from_the_seed(examples: Batches) -> None:
    front, back = made.halves()
    around = made.around(front.eval(), examples, 1.0)
    first, again, other = (right_of(front, back, around, examples, seed=seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert len(first) == 160
    few, _ = right_of(front, back, None, examples, most=7)
    assert len(few) == 7
    assert other.shape == first.shape
