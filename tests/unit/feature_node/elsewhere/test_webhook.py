"""The webhook's queue and retries, with a poster that does as it is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import repeat
from typing import final

import pytest
from prometheus_client import REGISTRY

from broker.answers import decode_answer
from feature_node.elsewhere.settings import WebhookSettings
from feature_node.elsewhere.webhook import Webhook
from feature_node.elsewhere.webhook_post import Posted
from feature_node.elsewhere.webhook_request import IDEMPOTENCY, Secrets
from tests.servers import until
from tests.unit.broker.messages import an_answer

TAKEN, BUSY, AWAY = Posted("delivered"), Posted("again", "busy"), Posted("again", "unreachable")


@final
class FakePoster:
    """Answers as it is told, and at the end always that all is well."""

    def __init__(self, *verdicts: Posted) -> None:
        self._verdicts = iter(verdicts)
        self.posts: list[tuple[int, str]] = []
        self.held: asyncio.Event | None = None
        self.closed = False

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Posted:
        self.posts.append((decode_answer(body).sequence, headers[IDEMPOTENCY]))
        if self.held is not None:
            await self.held.wait()
        return next(self._verdicts, TAKEN)

    async def close(self) -> None:
        self.closed = True

    @property
    def sequences(self) -> list[int]:
        return [sequence for sequence, _ in self.posts]


def at_once() -> Iterator[float]:
    return repeat(0.0)


@asynccontextmanager
async def posting(
    poster: FakePoster, *, last_words: float = 20.0, delays=at_once, **fields: object
) -> AsyncIterator[Webhook]:
    settings = WebhookSettings(url="https://example.org/SECRET", on="every", **fields)  # type: ignore[arg-type]
    webhook = Webhook(settings, poster, Secrets(), delays=delays)
    async with asyncio.TaskGroup() as tasks, webhook.running(tasks, last_words):
        yield webhook
    assert poster.closed


def dropped(reason: str) -> float:
    return REGISTRY.get_sample_value("penumbra_webhook_dropped_total", {"reason": reason}) or 0.0


def offer(webhook: Webhook, *sequences: int) -> None:
    for sequence in sequences:
        webhook.take(an_answer(sequence=sequence))


async def test_answers_arrive_in_order_and_once() -> None:
    poster = FakePoster()
    async with posting(poster) as webhook:
        offer(webhook, 1, 2, 3)
    assert poster.sequences == [1, 2, 3]
    assert len({key for _, key in poster.posts}) == 3


async def test_an_answer_is_tried_again_under_the_same_key() -> None:
    poster = FakePoster(BUSY, AWAY, TAKEN)
    async with posting(poster) as webhook:
        offer(webhook, 1, 2)
    assert poster.sequences == [1, 1, 1, 2]
    assert len({key for _, key in poster.posts}) == 2


async def test_what_is_refused_for_good_is_not_tried_again() -> None:
    before = dropped("rejected")
    poster = FakePoster(Posted("never", "rejected"))
    async with posting(poster) as webhook:
        offer(webhook, 1, 2)
    assert poster.sequences == [1, 2]
    assert dropped("rejected") == before + 1


async def test_an_answer_that_is_too_old_is_given_up() -> None:
    before = dropped("gave-up")
    poster = FakePoster(AWAY)
    async with posting(poster, delays=lambda: repeat(61.0)) as webhook:
        offer(webhook, 1, 2)
    assert poster.sequences == [1, 2]
    assert dropped("gave-up") == before + 1


async def test_a_receiver_that_asks_for_more_time_than_there_is_gets_none() -> None:
    before = dropped("gave-up")
    poster = FakePoster(Posted("again", "busy", pause=300.0))
    async with posting(poster) as webhook:
        offer(webhook, 1)
    assert dropped("gave-up") == before + 1


async def test_over_a_full_queue_the_oldest_makes_room_and_is_counted() -> None:
    before = dropped("queue-full")
    poster = FakePoster()
    poster.held = asyncio.Event()
    async with posting(poster, queue=2) as webhook:
        offer(webhook, 1)
        await until(lambda: poster.sequences == [1], "the first is being posted")
        offer(webhook, 2, 3, 4, 5)
        assert len(webhook) == 2
        poster.held.set()
    assert poster.sequences == [1, 4, 5]
    assert dropped("queue-full") == before + 2


async def test_what_waits_when_the_node_ends_is_counted() -> None:
    before = dropped("stopped")
    poster = FakePoster()
    poster.held = asyncio.Event()
    async with posting(poster, last_words=0.01) as webhook:
        offer(webhook, 1, 2, 3)
        await until(lambda: poster.sequences == [1], "the first is being posted")
    assert dropped("stopped") == before + 3


async def test_trouble_shows_in_the_check_and_goes_with_it_and_is_told_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    poster = FakePoster(AWAY, AWAY, AWAY)
    poster.held = asyncio.Event()
    async with posting(poster) as webhook:
        assert webhook.check().state == "ok"
        offer(webhook, 1)
        await until(lambda: len(poster.posts) == 1, "the first attempt")
        for tried in (2, 3):
            poster.held.set()
            poster.held.clear()
            await until(lambda tried=tried: len(poster.posts) == tried, f"attempt {tried}")
            assert webhook.check().state == "degraded"
        assert webhook.check().detail == "https://example.org: unreachable"
        poster.held.set()
        await until(lambda: webhook.check().state == "ok", "all is well again")
    said = "".join(capsys.readouterr())
    assert said.count("the webhook takes no answers") == 1
    assert said.count("takes answers again") == 1
    assert "SECRET" not in said
