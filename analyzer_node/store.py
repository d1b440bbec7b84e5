"""The seam behind which the analyzers' memory lives: answers by region, results by stream."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from broker.results import RegionAnswer, Result


class ResultStore(Protocol):
    """Remembers answers and results for a while; what is absent is not an error.

    Keys of answers come from `analyzer_node.keys.answer_key`. Every method raises `StoreDown`, within a
    short time-out of the store's own, where the store cannot be reached; nothing else is raised.
    """

    async def look_up(self, keys: Sequence[str]) -> list[RegionAnswer | None]:
        """Return one answer a key, in the keys' order; `None` where nothing usable is remembered."""
        ...

    async def remember(self, answers: Mapping[str, RegionAnswer], results: Sequence[Result]) -> int:
        """Keep answers by key; make each result its stream's latest and append it to the history.

        A (stream, run, sequence) that was remembered before is left out. The latest result of a run is the
        one with its highest sequence number; a new run replaces the old one's.

        Returns:
            How many answers and results the store would not take (it is full, say) while it does answer.
        """
        ...

    async def latest(self, stream: str) -> Result | None:
        """Return the stream's latest result, or `None`."""
        ...

    async def history(self, stream: str, count: int) -> list[Result]:
        """Return at most `count` results of the stream, the newest first."""
        ...

    async def check(self) -> None:
        """Return if the store answers now."""
        ...
