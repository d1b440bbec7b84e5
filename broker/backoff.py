"""How long to wait before trying again."""

import random
from collections.abc import Iterator
from typing import Final

FIRST_SECONDS: Final = 1.0
LAST_SECONDS: Final = 30.0


def backoff(first: float = FIRST_SECONDS, last: float = LAST_SECONDS) -> Iterator[float]:
    """Yield waits in seconds for ever: `first` doubling up to `last`, each with jitter.

    The jitter takes off up to a half, so that clients cut off together do not come back together.
    """
    delay = first
    while True:
        yield delay * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        delay = min(delay * 2, last)
