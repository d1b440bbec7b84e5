"""A result store in this process's memory: for tests, and for an analyzer without Redis."""

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar, final

from broker.results import RegionAnswer, Result

K = TypeVar("K")
V = TypeVar("V")


@final
class MemoryStore:
    """Remembers up to fixed counts and forgets the least recently used first; never fails.

    It shares nothing with other analyzers, so it forgets by count where Redis also forgets by time.

    Args:
        answers: how many regions' answers are kept.
        streams: how many streams have a latest result and a history.
        history: how many results a stream's history holds.
        marks: how many (stream, run, sequence) are known as already remembered.
    """

    def __init__(
        self, *, answers: int = 65_536, streams: int = 1024, history: int = 1000, marks: int = 65_536
    ) -> None:
        self._answers: _Recent[str, RegionAnswer] = _Recent(answers)
        self._latest: _Recent[str, Result] = _Recent(streams)
        self._history: _Recent[str, deque[Result]] = _Recent(streams)
        self._seen: _Recent[tuple[str, int, int], bool] = _Recent(marks)
        self._length = history

    async def look_up(self, keys: Sequence[str]) -> list[RegionAnswer | None]:
        """Return one answer a key; `None` where none is remembered."""
        return [self._answers.get(key) for key in keys]

    async def remember(self, answers: Mapping[str, RegionAnswer], results: Sequence[Result]) -> int:
        """Keep the answers, and each result that is not yet known; nothing is refused."""
        for key, answer in answers.items():
            self._answers.put(key, answer)
        for result in results:
            mark = (result.stream, result.run, result.sequence)
            if self._seen.get(mark) is None:
                self._seen.put(mark, True)
                self._append(result)
        return 0

    def _append(self, result: Result) -> None:
        latest = self._latest.get(result.stream)
        if latest is None or latest.run != result.run or latest.sequence < result.sequence:
            self._latest.put(result.stream, result)
        past = self._history.get(result.stream)
        if past is None:
            past = deque(maxlen=self._length)
            self._history.put(result.stream, past)
        past.appendleft(result)

    async def latest(self, stream: str) -> Result | None:
        """Return the stream's latest result, or `None`."""
        return self._latest.get(stream)

    async def history(self, stream: str, count: int) -> list[Result]:
        """Return at most `count` results of the stream, the newest first."""
        past = self._history.get(stream)
        return [] if past is None else list(past)[:count]

    async def check(self) -> None:
        """Return: memory always answers."""


@final
class _Recent(Generic[K, V]):
    """A mapping that forgets its least recently used entry beyond `capacity`."""

    def __init__(self, capacity: int) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._capacity = capacity

    def get(self, key: K) -> V | None:
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
