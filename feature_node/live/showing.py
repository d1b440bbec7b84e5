"""One camera while somebody watches: its newest pictures, answers and rates, and how that is shown."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NamedTuple, final

import msgspec

from broker.answers import Answer, AnswerRegion, ProtectionSummary
from broker.features import Protection
from broker.status import BudgetWindow, CameraStatus
from feature_node.live.rates import Rates
from feature_node.live.reflection import Reflection
from monitoring.live.view import CameraState, CameraView, Pictures, RegionView

ANSWERS: Final = 64
"""Answers that are remembered until the pictures of their frame are drawn."""
SILENT_SECONDS: Final = 4.0
"""A camera says how it is every 2 s; so long after the last word it counts as gone."""
QUIET_SECONDS: Final = 4.0
"""Pictures stay away for so long before a camera of which nothing else is known counts as stalled."""
_STATES: Final[Mapping[str, CameraState]] = {
    "not_started": "starting",
    "connecting": "starting",
    "running": "running",
    "stalled": "stalled",
    "frozen": "stalled",
    "ended": "ended",
    "failed": "gone",
    "offline": "gone",
}
_FINAL: Final = ("ended", "failed", "offline")
_WORDS: Final = {
    "connecting": "the source is being opened",
    "stalled": "no pictures come from the source",
    "frozen": "the picture does not change",
    "failed": "the source does not run",
    "offline": "the camera has left, or its node was killed",
}


class Heard(NamedTuple):
    """The last status of a camera, and when it came (monotonic seconds)."""

    status: CameraStatus
    at: float


@final
class Showing:
    """What the page shows of one camera; lives in the edge's event loop."""

    def __init__(self, camera: str, now: float) -> None:
        self._camera = camera
        self._rates = Rates(now)
        self._answers: OrderedDict[tuple[int, int], tuple[AnswerRegion, ...]] = OrderedDict()
        self._seen = now
        self._age: float | None = None
        self._held_back = ""
        self._cost: Protection | ProtectionSummary | None = None
        self._reflection: Reflection | None = None
        self._version = 0

    @property
    def pictures(self) -> Pictures | None:
        """The newest pair; None before the first."""
        found = self._reflection
        return Pictures(version=self._version, house=found.house, cloud=found.cloud) if found else None

    def left(self, protection: Protection, now: float) -> None:
        """Something left of a frame, at this cost."""
        self._cost, self._seen = protection, now

    def answered(self, answer: Answer, now: float) -> None:
        """A frame is answered, or was held back."""
        self._seen = now
        self._held_back = "" if answer.outcome == "answered" else answer.reason
        self._rates.add(now, answer.bytes_cloud, answer.bytes_as_jpeg, answer.bytes_private)
        if answer.outcome == "answered":
            self._age = answer.age_seconds
        self._answers[answer.run, answer.sequence] = answer.regions
        if len(self._answers) > ANSWERS:
            self._answers.popitem(last=False)

    def reflected(self, reflection: Reflection, version: int) -> None:
        """A newer pair of pictures is drawn."""
        self._reflection, self._version = reflection, version

    def view(self, heard: Heard | None, budget: Mapping[str, BudgetWindow], now: float) -> CameraView:
        """Say everything at this moment; `heard` is the camera's own word, None where it gave none."""
        state, why = self._state(heard, now)
        rate, found, cost = self._rates.at(now), self._reflection, self._cost
        window = tightest(budget)
        plain = CameraView(
            camera=self._camera,
            state=state,
            why=why,
            held_back=self._held_back.replace("-", " "),
            age_seconds=self._age,
            bytes_sent=rate.sent,
            bytes_as_jpeg=rate.as_jpeg,
            bytes_home=rate.home,
            frames_per_second=rate.frames,
            epsilon_joint=cost.epsilon_joint if cost else None,
            epsilon_per_coordinate=cost.epsilon_per_coordinate if cost else None,
            delta=cost.delta if cost else None,
            spent=budget[window].spent if window else None,
            budget=budget[window].limit if window else None,
            window=window,
        )
        return plain if found is None else self._with_pictures(plain, found)

    def _with_pictures(self, plain: CameraView, found: Reflection) -> CameraView:
        return msgspec.structs.replace(
            plain,
            sequence=found.sequence,
            sends="picture" if found.picture else "numbers",
            regions=_named(found, self._answers.get((found.run, found.sequence), ())),
            mirror=found.cloud is not None,
            mirror_why=found.why,
            ssim=found.ssim,
            ssim_floor=found.floor,
            picture_version=self._version,
        )

    def _state(self, heard: Heard | None, now: float) -> tuple[CameraState, str]:
        if heard is None:
            quiet = now - self._seen
            if quiet < QUIET_SECONDS:
                return "running", ""
            return "stalled", f"no picture has come for {quiet:.0f} s"
        status = heard.status
        if status.state not in _FINAL and now - heard.at > SILENT_SECONDS:
            return "gone", f"the camera has said nothing for {now - heard.at:.0f} s"
        return _STATES[status.state], status.detail or _WORDS.get(status.state, "")


def tightest(budget: Mapping[str, BudgetWindow]) -> str:
    """Name the window of which the largest share is spent; without limits the longest, without any none."""
    limited = {name: window.spent / window.limit for name, window in budget.items() if window.limit}
    if limited:
        return max(limited, key=lambda name: limited[name])
    return next((name for name in ("day", "hour", "minute") if name in budget), "")


def _named(found: Reflection, answers: tuple[AnswerRegion, ...]) -> tuple[RegionView, ...]:
    """Put the answers to the regions that they are about; a picture's answers bring their own."""
    if len(answers) != len(found.regions):
        return found.regions
    return tuple(
        msgspec.structs.replace(region, label=answer.label, confidence=answer.score)
        for region, answer in zip(found.regions, answers, strict=True)
    )
