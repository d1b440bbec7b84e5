"""The decoder learns what there is to learn, keeps its best, and judges each code by itself."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from privacy_lab.attacks.decoder import Decoder, DecoderSettings, fit_decoder, train_decoder, with_views  # noqa: E402
from privacy_lab.attacks.fitting import Budget, Pairs, error_of, fit, halved_twice, rise_and_fall  # noqa: E402
from privacy_lab.attacks.linear import fit_linear, standard_of  # noqa: E402
from privacy_lab.attacks.sight import unwatched  # noqa: E402
from privacy_lab.attacks.upconvolution import UpConvolution, grids_of  # noqa: E402
from tests.unit.privacy_lab.attacks import planted  # noqa: E402

BRIEF = DecoderSettings(views=0, pictures=2_500, batch=16, precision="float32")
BUDGET = Budget(
    pictures=2_000, epochs=50, batch=16, rate=0.05, weight_decay=0.0, patience=50, precision="float32"
)


def folded(n: int, seed: int) -> Pairs:
    """Codes of two numbers of which only the product's sign decides the picture: no linear guess sees it."""
    q = np.random.default_rng(seed).choice([-1.0, 1.0], (n, 2)).astype(np.float32)
    images = np.where((q[:, 0] * q[:, 1] > 0)[:, None, None, None], 200, 60) + np.zeros((n, 8, 8, 3))
    return Pairs(torch.from_numpy(q), torch.from_numpy(images.astype(np.uint8)))


def test_what_no_linear_guess_sees_is_learnt_beyond_it() -> None:
    network, losses = fit_decoder(
        folded(256, 0), folded(64, 1), BRIEF, seed=0, device=planted.CPU, watch=unwatched
    )
    # A gradient lost to a late zero_grad would leave the linear guess, which errs by the pictures' variance.
    assert losses[0] == pytest.approx((70 / 255) ** 2, rel=0.1)
    assert min(losses) < 0.02 * losses[0]
    decoder = Decoder(network, losses, np.zeros(0, np.int64))
    images = decoder.decode(np.array([[1, 1], [1, -1]], np.float32))
    assert images.mean(axis=(1, 2, 3)) == pytest.approx([200 / 255, 60 / 255], abs=0.05)


def test_the_weights_that_erred_least_on_pictures_set_aside_are_kept() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 192), nn.Unflatten(1, (3, 8, 8)))
    pairs, aside = folded(64, 0), folded(32, 1)
    losses = fit(network, pairs, aside, BUDGET, lambda _step, _steps: 1.0, seed=0, watch=unwatched)
    assert losses.index(min(losses)) < len(losses) - 1  # so rough a rate does not end at its best
    assert error_of(network, aside, BUDGET) == pytest.approx(min(losses), rel=1e-5)


def test_a_network_that_can_only_get_worse_stays_as_it_was() -> None:
    standing = nn.Sequential(nn.Flatten(), nn.Linear(2, 192), nn.Unflatten(1, (3, 8, 8)))
    aside = Pairs(torch.zeros(8, 2), torch.full((8, 8, 8, 3), 128, dtype=torch.uint8))
    nn.init.zeros_(standing[1].weight)
    nn.init.constant_(standing[1].bias, 128 / 255)
    losses = fit(standing, folded(64, 0), aside, BUDGET, rise_and_fall, seed=0, watch=unwatched)
    assert min(losses) == losses[0]
    assert torch.equal(standing[1].weight, torch.zeros(192, 2))


def test_a_code_is_decoded_alone_as_it_is_in_a_batch() -> None:
    """Statistics belong to the attacker's pictures, fitted once; per-batch ones would show here."""
    sight = planted.sight(planted.leaky(), planted.regions(60, 1), planted.regions(6, 2))
    decoder = train_decoder(sight, DecoderSettings(views=0, pictures=120, batch=16, precision="float32"))
    together, alone = decoder.decode(sight.observed), decoder.decode(sight.observed[2:3])
    assert np.abs(together[2] - alone[0]).max() < 1e-5
    repeated = decoder.decode(np.repeat(sight.observed[2:3], 5, axis=0))
    assert np.abs(repeated - alone).max() < 1e-5


def test_identities_set_aside_are_whole_and_not_learnt_from() -> None:
    plain = planted.regions(60, 1)
    people = planted.Regions(plain.images, plain.labels, np.arange(60) // 6)
    sight = planted.sight(planted.leaky(), people, planted.regions(2, 2))
    aside = train_decoder(sight, DecoderSettings(views=0, pictures=64, batch=32)).aside
    assert len(aside) == 6
    assert len(set((aside // 6).tolist())) == 1


def test_the_linear_guess_of_a_linear_code_is_exact_and_of_noise_the_mean() -> None:
    random = torch.Generator().manual_seed(0)
    q, w = torch.randn(200, 5, generator=random), torch.randn(5, 12, generator=random)
    noise = torch.randn(200, 5, generator=random)
    learn, aside = slice(0, 150), slice(150, 200)
    for codes, exact in ((q, True), (noise, False)):
        x = q @ w + 3
        rows = standard_of(codes[learn])(codes)
        linear = fit_linear(rows[learn], x[learn], rows[aside], x[aside])
        guess = linear(rows[aside].float())
        if exact:
            assert float((guess - x[aside]).abs().max()) < 0.05
        else:
            assert float((guess - x[learn].mean(dim=0)).square().mean()) < 0.05 * float(x.var())


def test_numbers_that_never_change_are_left_out_of_the_guess() -> None:
    codes = torch.zeros(50, 3)
    codes[:, 0] = torch.arange(50.0)
    rows = standard_of(codes)(torch.full((1, 3), 1e6))
    assert rows[0, 1:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("shape", "height", "width"),
    [
        ((8,), 64, 64),
        ((64,), 32, 48),
        ((4, 4, 4), 64, 64),
        ((24, 16, 16), 32, 32),
        ((3, 40, 24), 40, 24),
        ((9, 13, 13), 64, 64),
    ],
)
def test_any_code_becomes_a_picture_of_the_input_size(
    shape: tuple[int, ...], height: int, width: int
) -> None:
    network = UpConvolution(shape, height, width)
    pictures = network(torch.randn(2, *shape))
    assert pictures.shape == (2, 3, height, width)
    assert not pictures.any()  # before it has learnt, it adds nothing to the linear guess


def test_grids_halve_down_to_at_least_four() -> None:
    assert grids_of(64, 48) == ((64, 48), (32, 24), (16, 12), (8, 6))
    assert grids_of(7, 7) == ((7, 7),)


def test_copies_are_mirrored_and_moved_and_originals_stay_first() -> None:
    images = planted.regions(3, 1).images
    views = with_views(images, 3, seed=5)
    assert views.shape == (12, *images.shape[1:])
    assert np.array_equal(views[:3], images)
    assert np.array_equal(views[3:6], images[:, :, ::-1])
    assert not np.array_equal(views[6:9], images)


def test_the_published_rate_is_halved_after_20_and_40_of_50_epochs() -> None:
    assert [halved_twice(epoch, 50) for epoch in (0, 19, 20, 39, 40, 49)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
