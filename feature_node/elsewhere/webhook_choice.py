"""Chooses the answers that a webhook hears of: by camera, label and score, all of them or only changes."""

from collections import OrderedDict
from typing import Final, NamedTuple, final

from broker.answers import Answer
from feature_node.elsewhere.settings import WebhookSettings

CAMERAS: Final = 4096
"""Cameras whose last answer is remembered."""


class _Seen(NamedTuple):
    """What of an answer counts: two that are equal here say the same."""

    outcome: str
    reason: str
    labels: tuple[str, ...]


@final
class Choice:
    """Says of each answer whether it is to be posted."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._cameras = frozenset(settings.cameras)
        self._labels = frozenset(settings.labels)
        self._least = settings.min_confidence
        self._changes_only = settings.on == "changes"
        self._last: OrderedDict[str, _Seen] = OrderedDict()

    def takes(self, answer: Answer) -> bool:
        """Whether this answer is to be posted; asked once for each, in order.

        With labels or a least score only answers with such a region are posted, so not that it is gone;
        but it counts as a change when it comes again.
        """
        if self._cameras and answer.camera not in self._cameras:
            return False
        seen = _Seen(answer.outcome, answer.reason, self._counted(answer))
        new = self._last.pop(answer.camera, None) != seen
        self._last[answer.camera] = seen
        if len(self._last) > CAMERAS:
            self._last.popitem(last=False)
        asked_for = bool(seen.labels) or not (self._labels or self._least)
        return asked_for and (new or not self._changes_only)

    def _counted(self, answer: Answer) -> tuple[str, ...]:
        found = (
            region.label
            for region in answer.regions
            if region.score >= self._least and (not self._labels or region.label in self._labels)
        )
        return tuple(sorted(found))
