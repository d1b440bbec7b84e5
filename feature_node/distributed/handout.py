"""One layer's maps with the helpers that hold them, until every map has come back exactly once.

Late is not dead. A helper that is late is still listened to while others, if any may, stand in for it:
whichever answer comes first counts, and no map is added twice.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, final

from feature_node.distributed.roster import LATE
from feature_node.distributed.segment import Floats
from feature_node.errors import HelperFailed, HelpersLate, NoPlacement
from monitoring.metrics import HELPER_REFUSED, HELPERS_REPLACED

_PATIENCE: Final = 0.5
"""Share of the time left after which a helper counts as late, so that another can still stand in."""
_LEAST_PATIENCE: Final = 0.01

Numbers = tuple[int, ...]
Parts = tuple[Floats, ...]
"""One partial output a convolution of the layer."""

Holders = Callable[[frozenset[int]], Mapping[str, Numbers]]
"""Who holds which of some maps at this moment; raises `NoPlacement`."""
Asking = Callable[[str, Numbers, float], Awaitable[Parts]]
"""Lets a helper compute with its maps, for so many seconds at most; raises `HelperFailed`."""
Adding = Callable[[Numbers, Parts], None]
Outcome = Callable[[str, str], None]
"""Hears of each helper that was asked, and why it gave nothing; empty where it did."""


class Wait(Protocol):
    """`asyncio.wait`, or what a test has instead."""

    async def __call__(
        self, tasks: Sequence["asyncio.Task[Parts]"], /, *, timeout: float, return_when: str
    ) -> tuple[set["asyncio.Task[Parts]"], Any]:
        """Wait until one of the tasks is done, or the time is over."""
        ...


class _Out(NamedTuple):
    helper: str
    numbers: Numbers


@final
class Handout:
    """Hands out the maps of one layer of one batch."""

    def __init__(
        self,
        name: str,
        holders: Holders,
        asking: Asking,
        adding: Adding,
        outcome: Outcome,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = asyncio.wait,
    ) -> None:
        """Hand out the layer of this name; `adding` gets each map's part exactly once."""
        self._name = name
        self._holders = holders
        self._asking = asking
        self._adding = adding
        self._outcome = outcome
        self._clock = clock
        self._wait = wait
        self._out: dict[asyncio.Task[Parts], _Out] = {}
        self._late: set[asyncio.Task[Parts]] = set()

    async def run(self, maps: int, until: float) -> None:
        """Return when all of so many maps have come back.

        Raises:
            NoPlacement: Nobody is asked, and nobody who is there may hold the rest.
            HelpersLate: It is `until`, by the clock.
        """
        missing, first = frozenset(range(maps)), True
        try:
            while missing:
                left = until - self._clock()
                if left <= 0:
                    raise HelpersLate(f"{len(missing)} maps of {self._name} have not come back")
                if self._hand_out(missing, left) and not first:
                    HELPERS_REPLACED.inc()
                first = False
                missing -= await self._back(missing, left)
        finally:
            for task in self._out:
                task.cancel()
            await asyncio.gather(*self._out, return_exceptions=True)

    def _hand_out(self, missing: frozenset[int], left: float) -> bool:
        """Ask for all maps that nobody is asked for in time; say whether anybody was asked."""
        awaited = {n for task, out in self._out.items() if task not in self._late for n in out.numbers}
        if missing <= awaited:
            return False
        try:
            shares = self._holders(missing - awaited)
        except NoPlacement:
            if self._out:  # nobody may stand in, so that the late ones are all there is to wait for
                return False
            raise
        asked = False
        for helper, numbers in shares.items():
            if not self._asked_of(helper).issuperset(numbers):
                task = asyncio.create_task(self._ask(helper, numbers, left), name="work of a helper")
                self._out[task] = _Out(helper, numbers)
                asked = True
        return asked

    async def _ask(self, helper: str, numbers: Numbers, seconds: float) -> Parts:
        return await self._asking(helper, numbers, seconds)

    def _asked_of(self, helper: str) -> frozenset[int]:
        return frozenset(n for out in self._out.values() if out.helper == helper for n in out.numbers)

    async def _back(self, missing: frozenset[int], left: float) -> frozenset[int]:
        """Wait for some answer and say of which maps it is; whoever gives none for long is late."""
        waiting = [task for task in self._out if task not in self._late]
        patience = max(_PATIENCE * left, min(left, _LEAST_PATIENCE)) if waiting else left
        done, _ = await self._wait([*self._out], timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            for task in waiting:
                self._late.add(task)
                self._outcome(self._out[task].helper, LATE)
        back: frozenset[int] = frozenset()
        for task in done:
            back |= self._taken(task, missing - back)
        return back

    def _taken(self, task: "asyncio.Task[Parts]", missing: frozenset[int]) -> frozenset[int]:
        helper, numbers = self._out.pop(task)
        self._late.discard(task)
        try:
            parts = task.result()
        except HelperFailed as failed:
            self._outcome(helper, failed.reason)
            return frozenset()
        self._outcome(helper, "")
        if not missing.issuperset(numbers):
            # Somebody stood in for some of these maps and was quicker: a sum cannot be taken apart.
            HELPER_REFUSED.labels("overtaken").inc()
            return frozenset()
        self._adding(numbers, parts)
        return frozenset(numbers)
