"""Keeps a store that is down or slow from costing answers: they go on, uncached."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NoReturn, final

from analyzer_node.breaker import Breaker
from analyzer_node.errors import StoreDown
from analyzer_node.store import ResultStore
from broker.results import RegionAnswer, Result

_CHECK_SECONDS: Final = 5.0


@final
class GuardedStore:
    """Looks up and remembers where it can; never raises, and waits for a dead store once, not once a batch.

    After a failed call the store is left alone. `watch` alone tries it again, beside the answers, so that no
    frame pays for a trial and readiness recovers with no frame at all.

    Args:
        store: the store that may fail.
        breaker: spaces the trials.
        count: called with a reason for each call that failed or value that was refused.
        check_seconds: how often a store that works is asked whether it still does.
    """

    def __init__(
        self,
        store: ResultStore,
        breaker: Breaker,
        *,
        count: Callable[[str], None] = lambda _reason: None,
        check_seconds: float = _CHECK_SECONDS,
    ) -> None:
        self._store = store
        self._breaker = breaker
        self._count = count
        self._check_seconds = check_seconds
        self._down = ""
        self._refusing = False
        self._failed = asyncio.Event()

    @property
    def down(self) -> bool:
        """Whether the store is left alone now."""
        return self._breaker.is_open

    @property
    def trouble(self) -> str:
        """Say in a few words why the store is not used or not wholly; empty while all is well."""
        if self._down:
            return f"store-{self._down}"
        return "store-refuses-writes" if self._refusing else ""

    async def look_up(self, keys: Sequence[str]) -> list[RegionAnswer | None]:
        """Return one answer a key; all `None` while the store is down."""
        if keys and not self._breaker.is_open:
            try:
                return await self._store.look_up(keys)
            except StoreDown as problem:
                self._fail(problem)
        return [None] * len(keys)

    async def remember(self, answers: Mapping[str, RegionAnswer], results: Sequence[Result]) -> None:
        """Keep answers and results if the store takes them now."""
        if self._breaker.is_open or not (answers or results):
            return
        try:
            self._refusing = await self._store.remember(answers, results) > 0
        except StoreDown as problem:
            self._fail(problem)

    async def watch(self) -> NoReturn:
        """Ask the store now and then, and after failures ever more rarely, until cancelled."""
        while True:
            try:
                await self._store.check()
            except StoreDown as problem:
                self._count(problem.reason)
                self._down = problem.reason
                self._breaker.failed()
            else:
                self._down = ""
                self._breaker.succeeded()
            await self._rest()

    async def _rest(self) -> None:
        """Wait for the next trial; a call that fails meanwhile starts the wait anew."""
        if not self._breaker.is_open:
            try:
                async with asyncio.timeout(self._check_seconds):
                    await self._failed.wait()
            except TimeoutError:
                return
        await asyncio.sleep(self._breaker.pause())
        self._failed.clear()

    def _fail(self, problem: StoreDown) -> None:
        self._count(problem.reason)
        self._down = problem.reason
        self._breaker.failed()
        self._failed.set()
