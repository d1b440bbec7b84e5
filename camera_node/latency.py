"""Latencies of a run, by hop: every one of a short run, a fair sample of a long one."""

import random
from array import array
from typing import Final, final

import msgspec

from broker.answers import Answer

SAMPLES: Final = 100_000
"""Answers kept at most: under 5 MB in all, and percentiles to about a tenth of a per cent."""


@final
class Latencies:
    """Keeps the hops and the age of up to `samples` answers, each answer kept or left as a whole.

    Past that number each new answer takes a random kept one's place (Vitter's algorithm R), so that every
    answer of the run is in the sample with the same chance.
    """

    def __init__(self, samples: int = SAMPLES) -> None:
        self._samples = samples
        self._seen = 0
        self._by_hop: dict[str, array[float]] = {}

    def take(self, answer: Answer) -> None:
        """Take an answer's times."""
        self._seen += 1
        place = self._seen - 1
        if self._seen > self._samples:
            place = random.randrange(self._seen)  # noqa: S311 - a sample, not a secret
            if place >= self._samples:
                return
        for hop, seconds in {**msgspec.structs.asdict(answer.hops), "age": answer.age_seconds}.items():
            kept = self._by_hop.setdefault(hop, array("d"))
            if place == len(kept):
                kept.append(seconds)
            else:
                kept[place] = seconds

    def by_hop(self) -> dict[str, list[float]]:
        """Give the seconds kept, by hop and `age`."""
        return {hop: kept.tolist() for hop, kept in self._by_hop.items()}
