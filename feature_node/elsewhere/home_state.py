"""What Home Assistant is told of an answer; pure."""

from collections import Counter
from typing import Final

from broker.answers import Answer
from broker.bounds import MAX_HOME_LABELS, MAX_LABEL
from broker.home_messages import HomeState

NOTHING_SEEN: Final = "nothing"


def home_state(answer: Answer) -> HomeState:
    """The surest region's label stands for the whole picture; the others are counted by label."""
    held_back = answer.outcome == "refused"
    best = max(answer.regions, key=lambda region: region.score, default=None)
    nothing = None if held_back else NOTHING_SEEN
    labels = Counter(region.label[:MAX_LABEL] for region in answer.regions)
    return HomeState(
        camera=answer.camera,
        answer=nothing if best is None or held_back else best.label[:MAX_LABEL],
        confidence=None if best is None or held_back else round(best.score, 4),
        regions=len(answer.regions),
        labels=dict(labels.most_common(MAX_HOME_LABELS)),
        reason=answer.reason,
        task=answer.task,
        captured_ns=answer.captured_ns,
    )


def says_the_same(one: HomeState, other: HomeState | None) -> bool:
    """Whether a person would read the same: a score counts in whole hundredths, the time not at all."""
    return other is not None and _read(one) == _read(other)


def _read(state: HomeState) -> tuple[object, ...]:
    sure = None if state.confidence is None else round(state.confidence, 2)
    return state.answer, sure, state.regions, state.labels, state.reason, state.task
