"""Algorithm 1 of Baccour et al., "DistPrivacy" (2020), Section II-D, as published.

Kept as printed: it goes through layers and maps in order; t(j) of line 16 counts one segment, not what j
holds already, so that the same quick helper is chosen until a condition stops it; b̄ is weighed as what is
left, in megabits (the unit of their rates; another unit would give β another weight).

Read against the text where the two differ: cond4 sums the maps before p and compares with ≤, so that one map
more than Nf would pass, which (8f) forbids; a fully connected layer is one segment (Section II-B), as (8g)
asks.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, final

import numpy as np

from feature_node.errors import BadPlan, Infeasible
from feature_node.placement.costs import Counts, Holders, Numbers, Speeds
from feature_node.placement.model import Layer
from feature_node.placement.privacy import at_source
from feature_node.placement.problem import Problem

ALPHA: Final = 0.7
BETA: Final = 0.3
_MEGABIT: Final = 125_000.0
_NEVER: Final = np.inf


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring maps of one layer that come from the same devices.

    Attributes:
        maps: How many.
        givers: Bytes that each device sends for one map, the source first.
    """

    maps: int
    givers: Numbers


@final
class Greedy:
    """Each map to the helper of least nrm(j) = α·t(j) + β/b̄_j that has room and may see it."""

    name: Final = "algorithm-1"

    def solve(self, problem: Problem) -> Holders:
        """See `Solver`.

        Raises:
            Infeasible: a map found no helper: Algorithm 1 rejects the request.
            BadPlan: it is published for helpers that send to helpers.
        """
        if problem.topology != "mesh":
            raise BadPlan("Algorithm 1 places a mesh; take another solver for a star")
        state = _State(problem)
        for place in range(len(problem.network.layers)):
            state.place(place)
        return tuple(map(tuple, state.holders))


@final
class _State:
    """What is placed so far, and what is left."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._speeds = Speeds.of(problem.fleet)
        self._memory = problem.left.memory.copy()
        self._work = problem.left.multiplications.copy()
        self._sent = problem.left.sent.copy()
        self._own = at_source(problem.network, problem.caps, problem.topology)
        self.holders: list[list[int]] = []

    def place(self, place: int) -> None:
        """Give every map of a layer a holder: lines 8 to 26."""
        layer = self._problem.network.layers[place]
        whole = layer.kind == "fc" and layer.maps_in > 1
        runs = self._runs(place, together=whole or self._own[place])
        self.holders.append([])
        held = np.zeros(len(self._memory), dtype=np.int64)
        for run in runs:
            rest = run.maps
            while rest:
                step = rest if whole or self._own[place] else 1
                taker = 0 if self._own[place] else self._choose(place, layer, run, held, step)
                if not (whole or self._own[place]):
                    step = min(rest, self._in_a_row(place, run, int(held[taker]), taker))
                self._give(layer, run, taker, step)
                held[taker] += step
                self.holders[place].extend([taker - 1] * step)
                rest -= step

    def _runs(self, place: int, *, together: bool) -> list[Run]:
        layers, devices = self._problem.network.layers, len(self._memory)
        here = layers[place]
        if not place:
            return [Run(here.maps_in, np.zeros(devices))]
        before, held = layers[place - 1], np.asarray(self.holders[place - 1]) + 1
        if before.kind in {"conv", "fc"}:
            givers = np.minimum(np.bincount(held, minlength=devices), 1) * float(here.map_bytes_in)
            return [Run(here.maps_in, givers)]
        if together:
            givers = np.asarray(np.bincount(held, minlength=devices) * (here.map_bytes_in / here.maps_in))
            return [Run(here.maps_in, givers.astype(np.float64))]
        starts = [0, *(np.flatnonzero(np.diff(held)) + 1).tolist(), len(held)]
        found = []
        for start, end in pairwise(starts):
            givers = np.zeros(devices)
            givers[held[start]] = here.map_bytes_in
            found.append(Run(end - start, givers))
        return found

    def _norm(self, layer: Layer, run: Run, step: int) -> Numbers:
        """nrm(j) of line 17; nobody sends to itself (6)."""
        sending = step * run.givers / self._speeds.rates
        slowest = int(sending.argmax())
        others = np.full(len(sending), sending[slowest])
        rest = sending.copy()
        rest[slowest] = 0.0
        others[slowest] = rest.max()
        time = others + step * layer.multiplications / self._speeds.multiplications
        left = np.maximum(self._sent, 1e-9) / _MEGABIT
        return np.asarray(ALPHA * time + BETA / left)

    def _choose(self, place: int, layer: Layer, run: Run, held: Counts, step: int) -> int:
        share = self._problem.caps.share(self._problem.network, place)
        conditions = {
            "8b": self._memory >= step * layer.weight_bytes,  # cond1
            "8c": self._work >= step * layer.multiplications,
            "8d": self._can_send(run, step),  # cond2
            "8f": held + step <= share,  # cond4
        }
        able = np.logical_and.reduce(list(conditions.values()))
        able[0] = False
        if not able.any():
            raise self._rejected(layer, conditions)
        return int(np.where(able, self._norm(layer, run, step), _NEVER).argmin())

    def _can_send(self, run: Run, step: int) -> Numbers:
        poor = step * run.givers > self._sent
        # j may take the map if every giver but j itself can still send it.
        return np.asarray(poor.sum() - poor == 0)

    def _in_a_row(self, place: int, run: Run, held: int, taker: int) -> int:
        """Give how many maps in a row go to `taker`.

        A map that it takes makes the others' nrm no smaller (givers have less left to send) and its own no
        larger (it sends itself nothing), so that it stays the choice until one of its conditions fails.
        """
        layer = self._problem.network.layers[place]
        bounds = [float(self._problem.caps.share(self._problem.network, place) - held)]
        if layer.weight_bytes:
            bounds.append(self._memory[taker] // layer.weight_bytes)
        if layer.multiplications:
            bounds.append(self._work[taker] // layer.multiplications)
        sends = (run.givers > 0) & (np.arange(len(self._sent)) != taker)
        if sends.any():
            bounds.append(float((self._sent[sends] // run.givers[sends]).min()))
        return max(1, int(min(bounds)))

    def _give(self, layer: Layer, run: Run, taker: int, step: int) -> None:
        self._memory[taker] -= step * layer.weight_bytes
        self._work[taker] -= step * layer.multiplications
        sent = step * run.givers
        sent[taker] = 0.0
        self._sent -= sent

    def _rejected(self, layer: Layer, conditions: dict[str, Any]) -> Infeasible:
        """Name the condition that the fewest helpers met."""
        met = {name: int(np.asarray(able)[1:].sum()) for name, able in conditions.items()}
        name = min(met, key=lambda each: met[each])
        helpers = len(self._memory) - 1
        text = f"no helper meets every condition of Algorithm 1; {met[name]} of {helpers} meet this one"
        return Infeasible(name, layer.name, 1.0, text)
