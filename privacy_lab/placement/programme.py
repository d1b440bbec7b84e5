"""An integer programme, row by row, and HiGHS that solves it."""

from collections.abc import Mapping
from typing import Final, final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from privacy_lab.errors import PlacementUnsolved

_INFEASIBLE: Final = 2
_SOLVED: Final = 0

Row = Mapping[int, float]
"""Coefficients by variable."""


@final
class Programme:
    """Variables with bounds, linear rows, and a sum to make small."""

    def __init__(self) -> None:
        self._lower: list[float] = []
        self._upper: list[float] = []
        self._whole: list[int] = []
        self._cost: list[float] = []
        self._rows: list[tuple[Row, float, float]] = []

    def variable(self, upper: float, *, lower: float = 0.0, whole: bool = True, cost: float = 0.0) -> int:
        """Add a variable; give its number."""
        self._lower.append(lower)
        self._upper.append(upper)
        self._whole.append(int(whole))
        self._cost.append(cost)
        return len(self._lower) - 1

    def at_most(self, row: Row, bound: float) -> None:
        """Ask that a weighted sum is at most `bound`."""
        self._rows.append((row, -np.inf, bound))

    def equal(self, row: Row, value: float) -> None:
        """Ask that a weighted sum is `value`."""
        self._rows.append((row, value, value))

    def solve(self, seconds: float) -> npt.NDArray[np.float64] | None:
        """Give the values of the least sum; none where no values keep every row.

        Raises:
            PlacementUnsolved: `seconds` were not enough to know.
        """
        answer = milp(
            c=np.array(self._cost),
            integrality=np.array(self._whole),
            bounds=Bounds(np.array(self._lower), np.array(self._upper)),
            constraints=self._constraint(),
            options={"time_limit": seconds, "mip_rel_gap": 1e-6},
        )
        if answer.status == _INFEASIBLE:
            return None
        if answer.status != _SOLVED or answer.x is None:
            raise PlacementUnsolved(
                f"the exact solver did not finish in {seconds:g} s ({len(self._cost)} variables); "
                "give it longer, or a smaller instance"
            )
        found: npt.NDArray[np.float64] = answer.x
        return found

    def _constraint(self) -> LinearConstraint:
        places = [(row, column) for row, (weights, _, _) in enumerate(self._rows) for column in weights]
        values = [value for weights, _, _ in self._rows for value in weights.values()]
        rows, columns = zip(*places, strict=True)
        matrix = coo_array((values, (rows, columns)), shape=(len(self._rows), len(self._cost)))
        low, high = ([bounds[side] for bounds in self._rows] for side in (1, 2))
        return LinearConstraint(matrix.tocsr(), low, high)
