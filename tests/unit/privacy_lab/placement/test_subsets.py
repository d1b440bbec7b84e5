"""The attack on subsets of maps, where it is known which map tells and which says nothing."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from privacy_lab.attacks.sight import unwatched
from privacy_lab.placement.subsets import (
    Ground,
    attack_counts,
    counts_of,
    floor_of,
    ground_of,
    inverse_pictures,
    similarity,
)
from tests.unit.privacy_lab.placement.planted import TELLING, TINY, maps_of, pictures

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def ground() -> Ground:
    auxiliary, attacked = pictures(256, 1), pictures(12, 2)
    return ground_of(maps_of(np.concatenate([auxiliary, attacked])), auxiliary, attacked, aside=32)


def test_the_map_that_tells_is_found_and_gives_the_picture_away(ground: Ground) -> None:
    effort = replace(TINY, shared=4_000, tuned=1_000)
    one, every = attack_counts(ground, (1, 4), effort, seed=3, device=CPU)
    assert one.strongest.subset == (TELLING,)
    floor = floor_of(ground.learn.regions.numpy(), ground.originals)
    assert one.strongest.ssim.value > floor.value + 0.2
    assert one.tried >= 2
    assert every.strongest.subset == (0, 1, 2, 3)
    assert every.tried == 1


def test_maps_that_say_nothing_give_no_more_than_the_mean_picture(ground: Ground) -> None:
    noise = tuple(place for place in range(4) if place != TELLING)
    seen = inverse_pictures(ground, noise, TINY, seed=0, device=CPU, watch=unwatched)
    floor = floor_of(ground.learn.regions.numpy(), ground.originals)
    assert similarity(ground.originals, seen).value < floor.value + 0.1


def test_what_is_attacked_is_never_learnt_from(ground: Ground) -> None:
    learnt = torch.cat([ground.learn.regions, ground.aside.regions]).numpy()
    assert len(ground.learn) + len(ground.aside) == 256
    assert not any((learnt == original).all(axis=(1, 2, 3)).any() for original in ground.originals)
    assert len(ground.attacked) == len(ground.originals) == 12


def test_the_same_seed_finds_the_same(ground: Ground) -> None:
    first, second = (attack_counts(ground, (2,), TINY, seed=5, device=CPU) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("maps", "counts"), [(20, (1, 2, 4, 8, 16, 20)), (8, (1, 2, 4, 8)), (1, (1,))])
def test_all_maps_are_always_among_the_sizes(maps: int, counts: tuple[int, ...]) -> None:
    assert counts_of(maps, (4, 1, 2, 8, 16, 32)) == counts
