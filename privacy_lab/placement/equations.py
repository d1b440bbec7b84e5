"""The rows of the integer programme, constraint by constraint: (8b) to (8h) and equations (5) to (7)."""

from typing import final

import numpy as np

from feature_node.placement.costs import Counts, Holders
from feature_node.placement.model import SOURCE, Layer
from feature_node.placement.privacy import at_source
from feature_node.placement.problem import Problem
from privacy_lab.placement.programme import Programme

_WORKING = ("conv", "fc")


@final
class Equations:
    """A problem as rows, and the placement that a solution stands for.

    `n[l][i]` counts maps of layer l at helper i, `y[l][i]` says whether there are any, `x[l][i][j]` how many
    maps go from i to j where layer l takes them as they are. Layers of the source have none of them.
    """

    def __init__(self, problem: Problem, *, timed: bool) -> None:
        """Write the rows; without `timed` any placement is as good as another."""
        self._problem = problem
        self._timed = timed
        self._layers = problem.network.layers
        self._helpers = range(len(problem.fleet.helpers))
        self._own = at_source(problem.network, problem.caps, problem.topology)
        self.programme = Programme()
        self._n: dict[int, list[int]] = {}
        self._y: dict[int, list[int]] = {}
        self._x: dict[int, list[list[int]]] = {}
        self._sent: list[dict[int, float]] = [{} for _ in self._helpers]
        for place in reversed(range(len(self._layers))):
            if not self._own[place]:
                self._declare(place)
        for place in range(1, len(self._layers)):
            self._move(place)
        self._resources()

    def holders(self, values: Counts) -> Holders:
        """Name a holder for each map, so that the flows are as solved."""
        found: list[list[int]] = []
        for place, layer in enumerate(self._layers):
            if self._own[place]:
                found.append([SOURCE] * layer.maps_in)
            elif place in self._x:
                found.append(self._flowed(found[-1], values[np.array(self._x[place])]))
            else:
                held = values[np.array(self._n[place])]
                found.append(np.repeat(np.arange(len(held)), held).tolist())
        return tuple(map(tuple, found))

    @staticmethod
    def _flowed(before: list[int], flows: Counts) -> list[int]:
        takers = [np.repeat(np.arange(len(row)), row).tolist() for row in flows]
        return [takers[holder].pop() for holder in before]

    def _declare(self, place: int) -> None:
        """(8e), (8f), (8g) of one layer."""
        whole = self._layers[place].maps_in
        self._n[place] = [self.programme.variable(whole) for _ in self._helpers]
        self._y[place] = [self.programme.variable(1) for _ in self._helpers]
        self.programme.equal(dict.fromkeys(self._n[place], 1.0), whole)
        self._see(place, self._layers[place])

    def _see(self, place: int, layer: Layer) -> None:
        caps, n, y = self._problem.caps, self._n[place], self._y[place]
        free = caps.is_free(self._problem.network, place)
        most = layer.maps_in if free else caps.most[place]
        for held, any_held in zip(n, y, strict=True):
            if layer.kind == "fc":
                self.programme.equal({held: 1.0, any_held: -float(layer.maps_in)}, 0.0)
            else:
                self.programme.at_most({held: 1.0, any_held: -float(most)}, 0.0)
                self.programme.at_most({any_held: 1.0, held: -1.0}, 0.0)
        if not free and caps.colluding > 1:
            self._collude(n, most, caps.colluding)

    def _collude(self, n: list[int], most: int, colluding: int) -> None:
        """The `colluding` largest together: t·λ + Σ max(0, n_i - λ) at its least is their sum."""
        level = self.programme.variable(most, whole=False)
        over = [self.programme.variable(most, whole=False) for _ in n]
        for held, above in zip(n, over, strict=True):
            self.programme.at_most({held: 1.0, level: -1.0, above: -1.0}, 0.0)
        self.programme.at_most({level: float(colluding), **dict.fromkeys(over, 1.0)}, most)

    def _move(self, place: int) -> None:
        """Bytes and seconds of one layer."""
        if self._problem.topology == "star":
            if not self._own[place]:
                self._answer(place)
        elif self._layers[place - 1].kind in _WORKING:
            self._partials(place)
        else:
            self._flow(place)

    def _time(self) -> int:
        return self.programme.variable(np.inf, whole=False, cost=1.0)

    def _work(self, place: int, helper: int) -> float:
        device = self._problem.fleet.helpers[helper]
        return self._layers[place].multiplications / device.multiplications_per_second

    def _only_compute(self, place: int) -> int:
        time = self._time()
        for helper, held in zip(self._helpers, self._n[place], strict=True):
            self.programme.at_most({held: self._work(place, helper), time: -1.0}, 0.0)
        return time

    def _charge(self, helper: int, row: dict[int, float]) -> None:
        for variable, value in row.items():
            self._sent[helper][variable] = self._sent[helper].get(variable, 0.0) + value

    def _partials(self, place: int) -> None:
        """Every holder of the layer before sends each device the partial outputs that it adds up: (6)."""
        here, y = self._layers[place], self._y.get(place - 1, [])
        size, maps = float(here.map_bytes_in), here.maps_in
        for giver in self._helpers if y else ():
            self._charge(giver, {y[giver]: size * maps})
            if not self._own[place]:
                # What a holder adds up itself it does not send: w = y·n, at its most.
                kept = self.programme.variable(maps)
                self.programme.at_most({kept: 1.0, self._n[place][giver]: -1.0}, 0.0)
                self.programme.at_most({kept: 1.0, y[giver]: -float(maps)}, 0.0)
                self._charge(giver, {kept: -size})
        if not self._timed:
            return
        if not self._own[place]:
            self._wait_for_partials(place, y, size)
        elif y:
            self._wait_at_source({y[giver]: size * maps for giver in self._helpers})

    def _wait_at_source(self, sizes: dict[int, float]) -> None:
        time, rates = self._time(), self._rates()
        for giver, (variable, size) in enumerate(sizes.items()):
            self.programme.at_most({variable: size / rates[giver], time: -1.0}, 0.0)

    def _wait_for_partials(self, place: int, y: list[int], size: float) -> None:
        time, rates, maps = self._only_compute(place), self._rates(), self._layers[place].maps_in
        for taker in self._helpers:
            held, work = self._n[place][taker], self._work(place, taker)
            if not y:
                self.programme.at_most({held: size / rates[SOURCE] + work, time: -1.0}, 0.0)
            for giver in self._helpers if y else ():
                if giver != taker:
                    much = maps * size / rates[giver]  # binds only where the giver holds something
                    row = {held: size / rates[giver] + work, y[giver]: much, time: -1.0}
                    self.programme.at_most(row, much)

    def _flow(self, place: int) -> None:
        """Maps go on as they are, from who holds them to who takes them."""
        size, before = float(self._layers[place].map_bytes_in), self._n.get(place - 1)
        if self._own[place]:
            for giver, held in enumerate(before or ()):
                self._charge(giver, {held: size})
            if before and self._timed:
                self._wait_at_source(dict.fromkeys(before, size))
        elif before and self._timed:
            self._transport(place, size)
        elif before:
            self._keep(place, size)
        elif self._timed:
            self._wait_for_partials(place, [], size)

    def _transport(self, place: int, size: float) -> None:
        maps, rates, time = self._layers[place].maps_in, self._rates(), self._only_compute(place)
        x = [[self.programme.variable(maps) for _ in self._helpers] for _ in self._helpers]
        self._x[place] = x
        for helper in self._helpers:
            given = dict.fromkeys(x[helper], 1.0) | {self._n[place - 1][helper]: -1.0}
            taken = dict.fromkeys((row[helper] for row in x), 1.0) | {self._n[place][helper]: -1.0}
            self.programme.equal(given, 0.0)
            self.programme.equal(taken, 0.0)
            others = [other for other in self._helpers if other != helper]
            self._charge(helper, {x[helper][other]: size for other in others})
            for other in others:
                row = {x[other][helper]: size / rates[other]}
                row |= {self._n[place][helper]: self._work(place, helper), time: -1.0}
                self.programme.at_most(row, 0.0)

    def _keep(self, place: int, size: float) -> None:
        """Who sends to whom does not matter for bytes: a device sends what it holds and does not keep."""
        for helper in self._helpers:
            kept = self.programme.variable(self._layers[place].maps_in)
            self.programme.at_most({kept: 1.0, self._n[place - 1][helper]: -1.0}, 0.0)
            self.programme.at_most({kept: 1.0, self._n[place][helper]: -1.0}, 0.0)
            self._charge(helper, {self._n[place - 1][helper]: size, kept: -size})

    def _answer(self, place: int) -> None:
        """In a star: every holder answers all output maps, one after the other over the source's link."""
        layer, rates = self._layers[place], self._rates()
        answer = float(layer.maps_out * layer.map_bytes_out)
        for helper, any_held in zip(self._helpers, self._y[place], strict=True):
            self._charge(helper, {any_held: answer})
        if not self._timed:
            return
        time = self._time()
        fleet = self._problem.fleet
        message = fleet.source.message_seconds
        queue = dict.fromkeys(self._y[place], answer / rates[SOURCE] + 2 * message)
        for helper, held in zip(self._helpers, self._n[place], strict=True):
            own = self._y[place][helper]
            back = answer / rates[helper] + fleet.helpers[helper].message_seconds
            row = queue | {own: queue[own] + back, held: self._work(place, helper)}
            self.programme.at_most(row | {time: -1.0}, answer / rates[SOURCE] + message)

    def _rates(self) -> dict[int, float]:
        fleet = self._problem.fleet
        rates = {helper: fleet.helpers[helper].rate_bytes_per_second for helper in self._helpers}
        return rates | {SOURCE: fleet.source.rate_bytes_per_second}

    def _resources(self) -> None:
        """(8b), (8c), (8d) of every helper."""
        left = self._problem.left
        for helper in self._helpers:
            memory: dict[int, float] = {}
            work: dict[int, float] = {}
            for place, n in self._n.items():
                layer = self._layers[place]
                memory[n[helper]] = memory.get(n[helper], 0.0) + layer.weight_bytes
                work[n[helper]] = work.get(n[helper], 0.0) + layer.multiplications
            # Scaled to shares of what is left: the solver's tolerances are absolute.
            rows = ((memory, left.memory), (work, left.multiplications), (self._sent[helper], left.sent))
            for row, whole in rows:
                room = float(whole[helper + 1])
                if room <= 0.0:
                    scaled, bound = row, 0.0
                else:
                    scaled, bound = {key: value / room for key, value in row.items()}, 1.0
                self.programme.at_most(scaled, bound)
