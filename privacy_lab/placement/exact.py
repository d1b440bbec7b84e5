"""The exact solver: equation (8) of Baccour et al. (2020) as an integer programme over numbers of maps.

Maps of a layer are alike, so n_{l,i}, the number that device i holds, says all that A^i_{l,p} says. What O
of equation (6) multiplies is made linear: a partial output goes from every holder y_i to whoever adds its
map, so the largest over pairs is a row a pair that only binds where y_i is 1; and maps that are sent on as
they are flow along x_{ij}, whole numbers whose sums are the two layers' n. For one request; no approximation.
"""

from typing import Final, final

import numpy as np

from feature_node.errors import Infeasible
from feature_node.placement.costs import Holders
from feature_node.placement.problem import Problem
from privacy_lab.placement.equations import Equations

_SECONDS: Final = 60.0


@final
class Exact:
    """The least latency that any placement has, found by HiGHS."""

    name: Final = "exact"

    def __init__(self, seconds: float = _SECONDS) -> None:
        """Allow a time after which it gives up."""
        self._seconds = seconds

    def solve(self, problem: Problem) -> Holders:
        """See `Solver`.

        Raises:
            Infeasible: there is no placement.
            PlacementUnsolved: the time was not enough to know.
        """
        equations = Equations(problem, timed=True)
        values = equations.programme.solve(self._seconds)
        if values is None:
            raise Infeasible("8", "", 0.0, "no placement keeps every constraint, as the exact solver proved")
        return equations.holders(np.round(values).astype(np.int64))


def can_serve(problem: Problem, seconds: float = _SECONDS) -> bool:
    """Say whether any placement keeps every constraint, whatever its latency; for a hundred devices too.

    Raises:
        PlacementUnsolved: the time was not enough to know.
    """
    return Equations(problem, timed=False).programme.solve(seconds) is not None
