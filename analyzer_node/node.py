"""The analyzer as a flow: take in, gather, answer, bring home; drain when told to stop."""

import asyncio
from typing import Final

from analyzer_node.analysis import Analysis
from analyzer_node.batching import Batcher
from analyzer_node.delivery import Homeward
from broker.ends import Delivery, Subscriber
from broker.features import Features

PICTURE_WEIGHT: Final = 8

Questions = Batcher[Delivery[Features]]


def weigh(delivery: Delivery[Features]) -> int:
    """Weigh a message by the work it asks for: its regions; a picture must be decoded, too."""
    features = delivery.message
    return PICTURE_WEIGHT if features.kind == "picture" else max(1, len(features.regions))


async def run_analyzer(
    features: Subscriber[Features],
    questions: Questions,
    analysis: Analysis,
    homeward: Homeward,
    stop: asyncio.Event,
) -> None:
    """Answer features until `stop` is set or the link is closed; then answer what was taken, and return.

    Args:
        features: what is asked.
        questions: where it gathers; its capacity bounds what is taken.
        analysis: answers.
        homeward: brings the answers home.
        stop: says that no more should be taken.
    """
    async with asyncio.TaskGroup() as tasks:
        intake = tasks.create_task(take_in(features, questions), name="take in")
        guard = tasks.create_task(stop_taking_in(intake, stop), name="stop taking in")
        async with homeward:
            await answer_all(questions, analysis, homeward)
        guard.cancel()


async def take_in(features: Subscriber[Features], questions: Questions) -> None:
    """Queue what comes; close the queue at the end."""
    try:
        async for delivery in features:
            await questions.put(delivery)
    finally:
        await questions.close()


async def stop_taking_in(intake: asyncio.Task[None], stop: asyncio.Event) -> None:
    """End the intake once `stop` is set."""
    await stop.wait()
    intake.cancel()


async def answer_all(questions: Questions, analysis: Analysis, homeward: Homeward) -> None:
    """Answer batch after batch until the queue is closed and empty."""
    while batch := await questions.take():
        await homeward.bring(batch, await analysis.answer(batch))
