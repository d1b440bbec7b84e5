"""What a message costs whatever its size: measured between the edge and its helpers when one comes.

Equation (5) of Baccour et al. (2020) knows bytes alone. Over a real broker each message costs time besides,
and that of a few hundred small ones is most of a frame's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple, final

from feature_node.errors import HelperFailed

PINGS: Final = 7
BURSTS: Final = 5
MOST_AT_ONCE: Final = 8

Ping = Callable[[str], Awaitable[None]]
"""Sends a helper next to nothing and returns when it has answered; raises `HelperFailed`."""


class MessageSeconds(NamedTuple):
    """τ of the source and of each helper; 0 for those that were not measured."""

    source: float = 0.0
    helpers: Mapping[str, float] = {}


FREE: Final = MessageSeconds()


@final
class MessageCosts:
    """Measures, and keeps what was measured.

    One message there and back takes a time; of several at once each further one adds less, because they
    overlap: what it adds is what the source spends on two messages, and the rest of the first is a helper's.
    """

    def __init__(self, ping: Ping, clock: Callable[[], float] = time.perf_counter) -> None:
        self._ping = ping
        self._clock = clock
        self._source = 0.0
        self._alone: dict[str, float] = {}

    @property
    def known(self) -> MessageSeconds:
        """What is known now."""
        helpers = {name: max(0.0, alone - self._source) for name, alone in self._alone.items()}
        return MessageSeconds(self._source, helpers)

    async def measure(self, helper: str, others: Iterable[str]) -> None:
        """Measure a helper that has come, alone and at once with some that are there."""
        with suppress(HelperFailed):
            await self._took([helper])  # the first may come before it listens
        try:
            # The quickest: helpers that begin keep a host busy for a while, and that is not a message's cost.
            self._alone[helper] = min([await self._took([helper]) for _ in range(PINGS)])
            together = [helper, *(name for name in others if name in self._alone and name != helper)]
            together = together[:MOST_AT_ONCE]
            if len(together) > 1:
                took = min([await self._took(together) for _ in range(BURSTS)])
                alone = max(self._alone[name] for name in together)
                self._source = max(0.0, took - alone) / (len(together) - 1) / 2
        except HelperFailed:
            return  # it is planned with what is known; whether it works shows with its first work

    async def _took(self, helpers: list[str]) -> float:
        began = self._clock()
        await asyncio.gather(*map(self._ping, helpers))
        return self._clock() - began
