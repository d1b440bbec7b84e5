"""What one camera's answers and status add up to: rates over the last seconds, and totals; pure."""

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from broker.answers import Answer, ProtectionSummary
from broker.status import BudgetWindow, CameraStatus
from penumbra.rates import Window, percentile

WINDOW_SECONDS: Final = 5.0
KEPT_AGES: Final = 50_000
REMEMBERED: Final = 1024
# What came a second time was answered the first time.
_NO_LOSS: Final = {"duplicate", "answered-before"}


@final
@dataclass(frozen=True)
class CameraRow:
    """One camera as the live table shows it; rates are a second, ages in seconds.

    Both epsilons and delta are of the last message that crossed; None where it carried no such guarantee.
    """

    camera: str
    source: str
    state: str
    detail: str
    fps: float
    answer: str
    refused: str
    age_p50: float
    age_p95: float
    dropped: int
    home: float
    cloud: float
    as_jpeg: float
    sent_sizes: tuple[int, ...]
    epsilon_joint: float | None = None
    epsilon_per_coordinate: float | None = None
    delta: float | None = None
    budget: Mapping[str, BudgetWindow] = field(default_factory=dict)


@final
@dataclass(frozen=True)
class Totals:
    """What one or more cameras added up to since the start."""

    read: int = 0
    answered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    regions: int = 0
    home: int = 0
    cloud: int = 0
    as_jpeg: int = 0
    ages: tuple[float, ...] = ()
    epsilon_joint: float | None = None

    @property
    def unanswered(self) -> int:
        """Pictures that were read and of which nothing was heard again: on their way, or lost with a part."""
        return max(0, self.read - self.answered - self.refused.total() - self.dropped.total())

    @property
    def age_p50(self) -> float:
        """The median age of an answer, in seconds."""
        return percentile(self.ages, 0.5)

    @property
    def age_p95(self) -> float:
        """The age that 95 % of the answers did not exceed, in seconds."""
        return percentile(self.ages, 0.95)


@final
class CameraTally:
    """Takes in a camera's answers and status, each answer once, and says what they add up to."""

    def __init__(self, camera: str, source: str) -> None:
        self._camera = camera
        self._source = source
        self._since = math.inf
        self._ages = Window(WINDOW_SECONDS)
        self._home = Window(WINDOW_SECONDS)
        self._cloud = Window(WINDOW_SECONDS)
        self._as_jpeg = Window(WINDOW_SECONDS)
        self._seen: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)
        self._seen_set: set[tuple[int, int]] = set()
        self._status: CameraStatus | None = None
        self._runs: dict[int, CameraStatus] = {}
        self._edge_dropped: dict[str, int] = {}
        self._last: Answer | None = None
        self._answered = self._regions = 0
        self._refused: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._budget: dict[str, BudgetWindow] = {}
        self._protection = ProtectionSummary()
        self._epsilon_joint: float | None = None
        self._all_ages: deque[float] = deque(maxlen=KEPT_AGES)

    def answer(self, answer: Answer, now: float) -> bool:
        """Take in an answer; False where it was known already."""
        if not self._is_new((answer.run, answer.sequence)):
            return False
        self._last = answer
        if answer.bytes_cloud:
            self._crossed(answer.protection)
        self._since = min(self._since, now)
        if answer.outcome == "answered":
            self._answered += 1
            self._regions += len(answer.regions)
            self._all_ages.append(answer.age_seconds)
            self._ages.add(now, answer.age_seconds)
        else:
            self._refused[answer.reason] += 1
        for window, name, count in (
            (self._home, "home", answer.bytes_private),
            (self._cloud, "cloud", answer.bytes_cloud),
            (self._as_jpeg, "as_jpeg", answer.bytes_as_jpeg),
        ):
            window.add(now, count)
            self._bytes[name] += count
        return True

    def status(self, status: CameraStatus) -> None:
        """Take in what the camera says of itself."""
        self._status = status
        if status.run:
            self._runs[status.run] = status

    def budget(self, budget: dict[str, BudgetWindow]) -> None:
        """Take in what the edge's ledger says of this camera."""
        self._budget = dict(budget)

    def edge_dropped(self, dropped: dict[str, int]) -> None:
        """Take in what the edge dropped of this camera since the edge started."""
        self._edge_dropped = dict(dropped)

    def row(self, now: float) -> CameraRow:
        """The camera as it stands."""
        ages = self._ages.values(now)
        status = self._status
        return CameraRow(
            camera=self._camera,
            source=self._source or (status.source if status else ""),
            state=status.state if status else "not_started",
            detail=status.detail if status else "",
            fps=self._ages.count_per_second(now, self._since),
            answer=answer_text(self._last),
            refused=self._last.reason if self._last and self._last.outcome == "refused" else "",
            age_p50=percentile(ages, 0.5),
            age_p95=percentile(ages, 0.95),
            dropped=self._dropped().total() + self._refused.total(),
            home=self._home.per_second(now, self._since),
            cloud=self._cloud.per_second(now, self._since),
            as_jpeg=self._as_jpeg.per_second(now, self._since),
            sent_sizes=tuple(int(size) for size in self._cloud.values(now, 1.0) if size),
            epsilon_joint=self._protection.epsilon_joint,
            epsilon_per_coordinate=self._protection.epsilon_per_coordinate,
            delta=self._protection.delta,
            budget=self._budget,
        )

    def totals(self) -> Totals:
        """What it came to since the start."""
        dropped = self._dropped()
        read = sum(status.frames_read for status in self._runs.values())
        return Totals(
            # The camera says how much it has read only every other second.
            read=max(read, self._answered + self._refused.total() + dropped.total()),
            answered=self._answered,
            refused=Counter(self._refused),
            dropped=dropped,
            regions=self._regions,
            home=self._bytes["home"],
            cloud=self._bytes["cloud"],
            as_jpeg=self._bytes["as_jpeg"],
            ages=tuple(self._all_ages),
            epsilon_joint=self._epsilon_joint,
        )

    def _crossed(self, protection: ProtectionSummary) -> None:
        self._protection = protection
        if protection.epsilon_joint is not None:
            self._epsilon_joint = (self._epsilon_joint or 0.0) + protection.epsilon_joint

    def _dropped(self) -> Counter[str]:
        """Pictures that nothing was answered about; the edge also counts what it refused in an answer."""
        edge = {why: count for why, count in self._edge_dropped.items() if why not in _NO_LOSS}
        dropped = Counter(edge) - self._refused
        for status in self._runs.values():
            dropped.update(status.dropped)
        return dropped

    def _is_new(self, key: tuple[int, int]) -> bool:
        if key in self._seen_set:
            return False
        if len(self._seen) == REMEMBERED:
            self._seen_set.discard(self._seen[0])
        self._seen.append(key)
        self._seen_set.add(key)
        return True


def answer_text(answer: Answer | None) -> str:
    """An answer in a few words: `woman 0.98`, `woman 0.98 +2`, `nothing seen`, `held back`."""
    if answer is None:
        return "–"
    if answer.outcome == "refused":
        return f"held back: {answer.reason}"
    if not answer.regions:
        return "nobody seen"
    best = max(answer.regions, key=lambda region: region.score)
    more = f" +{len(answer.regions) - 1}" if len(answer.regions) > 1 else ""
    return f"{best.label} {best.score:.2f}{more}"


def sum_totals(parts: list[Totals]) -> Totals:
    """The totals of several cameras taken together."""
    return Totals(
        read=sum(part.read for part in parts),
        answered=sum(part.answered for part in parts),
        refused=sum((part.refused for part in parts), Counter()),
        dropped=sum((part.dropped for part in parts), Counter()),
        regions=sum(part.regions for part in parts),
        home=sum(part.home for part in parts),
        cloud=sum(part.cloud for part in parts),
        as_jpeg=sum(part.as_jpeg for part in parts),
        ages=tuple(age for part in parts for age in part.ages),
        epsilon_joint=sum_known([part.epsilon_joint for part in parts]),
    )


def sum_known(numbers: Iterable[float | None]) -> float | None:
    """The sum of the numbers that there are; None where there is none."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def saved(totals: Totals) -> float:
    """How many times the JPEGs would have been larger; NaN where nothing crossed."""
    return totals.as_jpeg / totals.cloud if totals.cloud else math.nan
