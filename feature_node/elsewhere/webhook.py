"""Brings chosen answers to a webhook: one after the other, tried for a while, out of the frames' way."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Final, NamedTuple, NoReturn, final

from broker.answers import Answer
from broker.backoff import backoff
from feature_node.elsewhere.settings import WebhookSettings
from feature_node.elsewhere.webhook_choice import Choice
from feature_node.elsewhere.webhook_post import Posted, Poster
from feature_node.elsewhere.webhook_request import Request, Secrets, headers_of, request_of
from feature_node.elsewhere.webhook_url import webhook_place
from monitoring.health import Check
from monitoring.logs import get_logger
from monitoring.metrics import (
    QUEUE_CAPACITY,
    QUEUE_LENGTH,
    WEBHOOK_ATTEMPTS,
    WEBHOOK_DELIVERED,
    WEBHOOK_DROPPED,
    WEBHOOK_SECONDS,
)

QUEUE: Final = "webhook"


class _Waiting(NamedTuple):
    request: Request
    since: float
    """When it came, by the event loop's clock."""


@final
class Webhook:
    """Takes answers at once and posts them in its own time."""

    def __init__(
        self,
        settings: WebhookSettings,
        poster: Poster,
        secrets: Secrets,
        *,
        delays: Callable[[], Iterator[float]] = backoff,
    ) -> None:
        self._choice = Choice(settings)
        self._poster = poster
        self._secrets = secrets
        self._give_up = settings.give_up
        self._capacity = settings.queue
        self._delays = delays
        self._place = webhook_place(settings.url)
        self._version = version("penumbra")
        self._waiting: deque[_Waiting] = deque()
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._trouble = ""
        QUEUE_CAPACITY.labels(QUEUE).set(settings.queue)
        QUEUE_LENGTH.labels(QUEUE).set_function(lambda: len(self._waiting))

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, answer: Answer) -> None:
        """Queue an answer if it is one that the webhook hears of; returns at once."""
        if not self._choice.takes(answer):
            return
        if len(self._waiting) >= self._capacity:
            self._waiting.popleft()
            self._dropped("queue-full")
        self._waiting.append(_Waiting(request_of(answer), asyncio.get_running_loop().time()))
        self._idle.clear()
        self._news.set()

    def check(self) -> Check:
        """How it is, for `/readyz`: the edge goes on without it."""
        return Check("degraded", f"{self._place}: {self._trouble}") if self._trouble else Check("ok")

    @asynccontextmanager
    async def running(self, tasks: asyncio.TaskGroup, last_words: float) -> AsyncIterator[None]:
        """Post for as long as the context lasts, and what then waits for `last_words` seconds more."""
        task = tasks.create_task(self._run(), name="webhook")
        try:
            yield
        finally:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), last_words)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            while self._waiting:
                self._waiting.popleft()
                self._dropped("stopped")
            await self._poster.close()

    async def _run(self) -> NoReturn:
        while True:
            while self._waiting:
                await self._deliver(self._waiting.popleft())
            self._idle.set()
            self._news.clear()
            await self._news.wait()

    async def _deliver(self, waiting: _Waiting) -> None:
        """Try one answer until it is taken, refused, or too old."""
        try:
            await self._persist(waiting)
        except asyncio.CancelledError:
            self._dropped("stopped")
            raise

    async def _persist(self, waiting: _Waiting) -> None:
        loop, delays = asyncio.get_running_loop(), self._delays()
        while True:
            posted = await self._attempt(waiting.request)
            self._note(posted)
            if posted.verdict == "delivered":
                WEBHOOK_DELIVERED.inc()
                WEBHOOK_SECONDS.observe(loop.time() - waiting.since)
                return
            pause = max(next(delays), posted.pause)
            if posted.verdict == "never" or loop.time() + pause - waiting.since > self._give_up:
                self._dropped(posted.reason if posted.verdict == "never" else "gave-up")
                return
            await asyncio.sleep(pause)

    async def _attempt(self, request: Request) -> Posted:
        headers = headers_of(request, self._secrets, self._version, int(time.time()))
        posted = await self._poster.post(request.body, headers)
        WEBHOOK_ATTEMPTS.labels(posted.reason or posted.verdict).inc()
        return posted

    def _note(self, posted: Posted) -> None:
        """Say in the log what has changed, once."""
        if posted.reason == self._trouble:
            return
        self._trouble = posted.reason
        if posted.reason:
            get_logger().warning("the webhook takes no answers", place=self._place, reason=posted.reason)
        else:
            get_logger().info("the webhook takes answers again", place=self._place)

    def _dropped(self, reason: str) -> None:
        WEBHOOK_DROPPED.labels(reason).inc()
