"""Attack: everything that one helper, or several who collude, saw of a run: all layers together.

A table says what maps of one layer give away. A helper holds maps of several layers, and may look at them all
at once, which Baccour et al. (2020) leave out. He learns as in `subsets`: from pictures of his own that he
sent through the network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.certificate import Figure
from models.placement_table import PlacementTable
from models.quantise import Floats
from privacy_lab.attacks.sight import Watch, unwatched, within
from privacy_lab.attacks.victim import Pixels
from privacy_lab.errors import AttackImpossible, BadData
from privacy_lab.placement.effort import Effort
from privacy_lab.placement.found import Attacked
from privacy_lab.placement.record import Observed, united
from privacy_lab.placement.subsets import attack_counts, floor_of, ground_of
from privacy_lab.placement.walks import Walk

_ALIKE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Spied:
    """What was made of a record.

    Attributes:
        held: How many maps of each layer were seen.
        attacks: Each attack that was made of all of them together.
        floor: What the mean picture reaches, which nobody need see anything for.
        pictures: How many pictures were attacked.
    """

    held: Mapping[str, int]
    attacks: tuple[Attacked, ...]
    floor: Figure
    pictures: int

    @property
    def strongest(self) -> Attacked:
        """The attack with the highest similarity."""
        return max(self.attacks, key=lambda attacked: attacked.ssim.value)


def attack_record(
    records: Sequence[Sequence[Observed]],
    walk: Walk,
    auxiliary: Pixels,
    originals: Pixels,
    effort: Effort,
    *,
    seed: int,
    device: torch.device,
    watch: Watch = unwatched,
) -> Spied:
    """Attack what was recorded, of one helper or of several who put it together.

    Args:
        records: What each saw of the same n pictures, in the same order.
        walk: The network, to make the attacker's own maps.
        auxiliary: His pictures, uint8 [m, h, w, 3]; none of those attacked.
        originals: The pictures that were seen, uint8 [n, h, w, 3]: to score by, never shown to him.
        effort: What may be spent.
        seed: Decides every random choice.
        device: Where to compute.
        watch: Is told how far it is.

    Raises:
        BadData: the record is not of these pictures in this network: its attack would show nothing.
        AttackImpossible: nothing was recorded.
    """
    seen = united(records)
    if not seen:
        raise AttackImpossible("nothing was recorded, so there is nothing to attack")
    held = {one.layer: one.maps for one in seen}
    made = {one.layer: one.values for one in sights_of(walk, np.concatenate([auxiliary, originals]), held)}
    for one in seen:
        _require_same(one, made[one.layer][len(auxiliary) :])
    # The attacker learns from maps that he made; those he attacks are the recorded ones.
    parts = [np.concatenate([made[one.layer][: len(auxiliary)], one.values]) for one in seen]
    together = _together([torch.from_numpy(part).half() for part in parts])
    ground = ground_of(together, auxiliary, originals, min(effort.aside, len(auxiliary) // 4))
    part = within(watch, 0.1, 1.0)
    (found,) = attack_counts(ground, (ground.maps,), effort, seed=seed, device=device, watch=part)
    return Spied(
        {layer: len(maps) for layer, maps in held.items()},
        found.attacks,
        floor_of(auxiliary, originals),
        len(originals),
    )


def sights_of(walk: Walk, pictures: Pixels, held: Mapping[str, tuple[int, ...]]) -> tuple[Observed, ...]:
    """Give what somebody sees of pictures who holds these maps of these layers.

    Raises:
        BadData: the network has no such layer or map.
    """
    seen: list[Observed] = []
    for taken in walk.take(pictures):
        seen += [
            Observed(layer, held[layer], _chosen(taken.maps, held[layer], layer))
            for layer in taken.layers
            if layer in held
        ]
    missing = [layer for layer in held if layer not in {one.layer for one in seen}]
    if missing:
        raise BadData(f"{missing[0]}: no layer of this network takes maps under that name")
    return tuple(seen)


def fullest(table: PlacementTable, walk: Walk, max_ssim: float, seed: int) -> dict[str, tuple[int, ...]]:
    """Draw as many maps of each layer as a table lets the colluding see together: the most a plan may allow.

    Layers that take the same maps count once. Empty where it allows none.
    """
    random = np.random.default_rng([seed, 23])
    held = {}
    for layers in walk.layers:
        measured = [layer for layer in layers if table.of(layer)]
        most = table.most_maps(measured[0], max_ssim) if measured else 0
        if most:
            maps_in = table.of(measured[0])[0].maps_in
            held[measured[0]] = tuple(sorted(random.permutation(maps_in)[:most].tolist()))
    return held


def _require_same(one: Observed, expected: Floats) -> None:
    if expected.shape != one.values.shape:
        raise BadData(f"{one.layer}: {one.values.shape} was recorded, {expected.shape} is what it takes")
    spread = float(expected.std()) + 1e-6
    if float(np.abs(expected - one.values).mean()) > _ALIKE * spread:
        raise BadData(f"{one.layer}: what was recorded is not of these pictures in this network")


def _together(maps: Sequence[Tensor]) -> Tensor:
    """Put maps of several layers side by side, all as fine as the finest: float16 [n, sum of c, h, w]."""
    fine = tuple(max(maps, key=lambda one: one.shape[-1]).shape[2:])
    return torch.cat([_stretched(one, fine) for one in maps], dim=1)


def _stretched(maps: Tensor, size: tuple[int, ...]) -> Tensor:
    if tuple(maps.shape[2:]) == size:
        return maps
    return functional.interpolate(maps.float(), size, mode="bilinear").half()


def _chosen(maps: Tensor, places: tuple[int, ...], layer: str) -> Floats:
    if places[-1] >= maps.shape[1]:
        raise BadData(f"{layer}: map {places[-1]} was recorded, but it takes {maps.shape[1]}")
    return np.ascontiguousarray(maps[:, list(places)].float().numpy())
