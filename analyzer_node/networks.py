"""The analyzer halves that this node has loaded, by bundle id, and how one is asked without blocking."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, final

from analyzer_node.tally import Tally
from broker.results import RegionAnswer
from models.bundle import AnalyzerBundle, load_analyzer
from models.catalogue import find
from models.errors import BadPayload, BundleError

Outcome = RegionAnswer | str
"""An answer, or one short word that says why there is none."""

NETWORK_SECONDS: Final = 30.0


@final
@dataclass(frozen=True)
class Network:
    """One loaded analyzer.

    Attributes:
        kind: what it reads: `embedding` or `picture`.
        region_bytes: the exact length of its payloads; `None` for pictures.
        labels: what it may answer.
        analyze: payloads to (label, score) pairs; blocks; raises `BundleError`.
    """

    kind: Literal["embedding", "picture"]
    region_bytes: int | None
    labels: frozenset[str]
    analyze: Callable[[Sequence[bytes]], Sequence[tuple[str, float]]]


def network_of(bundle: AnalyzerBundle) -> Network:
    """Show a bundle's half as a network."""
    manifest = bundle.manifest
    return Network(manifest.kind, manifest.region_bytes, frozenset(manifest.labels), bundle.analyze)


def load_networks(bundles: Iterable[str | Path], *, threads: int = 1) -> dict[str, Network]:
    """Load the analyzer half of each bundle, named as shipped or by its path; keyed by bundle id.

    Raises:
        BundleError: one is not there, not sound, or has no analyzer.
    """
    loaded = [load_analyzer(find(bundle), threads=threads) for bundle in bundles]
    return {bundle.manifest.bundle_id: network_of(bundle) for bundle in loaded}


@final
class NetworkThread:
    """Runs networks one call at a time in a thread of its own, as `async with`.

    Args:
        max_batch: how many payloads go into one call.
        tally: is told of each call.
        seconds: how long a call may take before its payloads are given up.
    """

    def __init__(self, *, max_batch: int, tally: Tally, seconds: float = NETWORK_SECONDS) -> None:
        self._max_batch = max_batch
        self._tally = tally
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analyze")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def solve(self, network: Network, payloads: Mapping[str, bytes]) -> dict[str, Outcome]:
        """Answer each payload, by key; one that cannot be answered does not harm the others."""
        entries = list(payloads.items())
        outcomes: dict[str, Outcome] = {}
        for start in range(0, len(entries), self._max_batch):
            outcomes.update(await self._solve(network, entries[start : start + self._max_batch]))
        return outcomes

    async def _solve(self, network: Network, entries: list[tuple[str, bytes]]) -> dict[str, Outcome]:
        keys = [key for key, _ in entries]
        reason = ""
        try:
            answers = await self._run(network, [payload for _, payload in entries])
            return dict(zip(keys, answers, strict=True))
        except TimeoutError:
            return dict.fromkeys(keys, "analyzer-timeout")
        except BadPayload:
            reason = "bad-payload"
        except (BundleError, ValueError):
            reason = "analyzer-failed"
        if len(entries) == 1:
            return {keys[0]: reason}
        half = len(entries) // 2  # find the bad ones by halves: few among many cost few calls
        return await self._solve(network, entries[:half]) | await self._solve(network, entries[half:])

    async def _run(self, network: Network, payloads: list[bytes]) -> list[RegionAnswer]:
        loop = asyncio.get_running_loop()
        started = time.monotonic()
        async with asyncio.timeout(self._seconds):
            answers = await loop.run_in_executor(self._thread, network.analyze, payloads)
        self._tally.network_ran(len(payloads), time.monotonic() - started)
        return [RegionAnswer(label, min(score, 1.0)) for label, score in answers]
