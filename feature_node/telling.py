"""A publisher of answers that others are told by."""

from collections.abc import Callable
from typing import final

from broker.answers import Answer
from broker.ends import Publisher

Tell = Callable[[Answer], None]
"""Hears of an answer; returns at once."""


@final
class Telling:
    """Sends answers, and tells of each before: whether or not the broker takes it."""

    def __init__(self, answers: Publisher[Answer], *tell: Tell) -> None:
        self._answers = answers
        self._tell = tell

    async def send(self, message: Answer, /) -> int:
        """See `Publisher`."""
        for tell in self._tell:
            tell(message)
        return await self._answers.send(message)
