"""`penumbra watch`: follow the answers of a pipeline that runs."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from broker.address import BrokerAddress
from broker.answers import Answer, encode_answer
from broker.ends import Subscriber
from broker.mqtt import mqtt_link
from broker.private_topics import ANSWERS
from broker.topic import Private
from penumbra.errors import RunError
from penumbra.stopping import stop_on_signals
from penumbra.tally import answer_text
from penumbra.units import age_text, bytes_text

CONNECT_SECONDS: Final = 10.0


async def run_watch(
    address: BrokerAddress,
    say: Callable[[str], None],
    *,
    camera: str | None,
    as_json: bool,
    limit: int | None,
) -> None:
    """Print answers until Ctrl-C, or until `limit` were printed.

    Raises:
        Unreachable: The broker is not there, or refuses the account.
        RunError: The broker was there and went away for good.
    """
    link = mqtt_link(Private, address, client_id=f"watch-{secrets.token_hex(4)}")
    answers = link.subscriber(ANSWERS, only=camera, capacity=256)
    show = _as_json if as_json else answer_line
    with stop_on_signals() as stop:
        async with link:
            await link.wait_connected(CONNECT_SECONDS)
            following = asyncio.create_task(_follow(answers, show, say, limit), name="answers")
            stopping = asyncio.create_task(stop.wait(), name="stop")
            try:
                await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if following.done():
                    following.result()
            finally:
                following.cancel()
                stopping.cancel()
                await asyncio.gather(following, stopping, return_exceptions=True)


async def _follow(
    answers: Subscriber[Answer], show: Callable[[Answer], str], say: Callable[[str], None], limit: int | None
) -> None:
    printed = 0
    async for delivery in answers:
        say(show(delivery.message))
        delivery.done()
        printed += 1
        if printed == limit:
            return
    raise RunError("The link to the broker is closed.")


def _as_json(answer: Answer) -> str:
    return encode_answer(answer).decode()


def answer_line(answer: Answer) -> str:
    """An answer in one line: when it was captured, whose it is, what it says, how old it was."""
    time = datetime.fromtimestamp(answer.captured_ns / 1e9, UTC).astimezone()
    return (
        f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}  {answer.camera}  {answer_text(answer)}  "
        f"· age {age_text(answer.age_seconds)} · {bytes_text(answer.bytes_cloud)} left"
    )
