"""The decoder of any subset: what it is shown, and that it starts from the mean picture."""

import pytest

pytest.importorskip("torch")

import torch

from privacy_lab.placement.decoder import Seen, SubsetDecoder, any_of, just


def test_of_maps_that_are_not_held_nothing_is_shown() -> None:
    maps = torch.randn(8, 4, 5, 5) + 3
    shown = Seen(maps, just((1, 3), 4))(maps)
    assert not shown[:, [0, 2]].any()
    # Two of four maps are held: what is left is scaled up, as with dropout.
    assert float(shown[:, 1].std()) == pytest.approx(2**0.5, rel=0.05)


def test_a_map_that_never_lives_is_not_blown_up() -> None:
    maps = torch.randn(8, 2, 5, 5)
    maps[:, 1] = 0
    seen = Seen(maps, just((0, 1), 2))
    maps[:, 1] = 0.01
    assert float(seen(maps)[:, 1].abs().max()) < 20


def test_every_size_is_drawn_and_no_other() -> None:
    held = any_of((1, 3, 6), 6, seed=0)(300).sum(dim=1)
    assert set(held.int().tolist()) == {1, 3, 6}


def test_other_maps_are_drawn_at_each_call() -> None:
    draw = any_of((2,), 8, seed=0)
    assert not torch.equal(draw(16), draw(16))


@pytest.mark.parametrize("shape", [(3, 28, 28), (5, 24, 24), (70, 12, 12), (16, 4, 4), (9, 1, 1)])
@pytest.mark.parametrize("side", [28, 33])
def test_before_it_has_learnt_it_gives_the_mean_picture(shape: tuple[int, ...], side: int) -> None:
    mean = torch.rand(3, side, side)
    decoder = SubsetDecoder(shape, mean, 8).eval()
    pictures = decoder(torch.randn(2, *shape))
    assert torch.allclose(pictures, mean.expand(2, -1, -1, -1), atol=1e-5)
