"""Benchmark: how old the frames are that a slow consumer gets, and what waits in the broker meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import msgspec

from benchmarks.brokers import LOOPBACK, free_port, mosquitto_pid, plain_mosquitto
from benchmarks.children import answer_of, child
from benchmarks.frame_age_sender import CAMERA
from benchmarks.frame_age_task import FRAME_BYTES, FRAMES_A_SECOND, KINDS, WORK_SECONDS, Kind, Task
from benchmarks.harness import Benchmark, Context, Report, Row, Target, percentile, prose, spread
from benchmarks.machine import resident_mb
from broker.acl import Account
from broker.address import BrokerAddress
from broker.embedded import embedded_broker
from broker.topic import Private, Role

_EDGE: Final = "edge"
_SLACK_SECONDS: Final = 40.0
_BROKER_MB: Final = 20.0


class Seen(msgspec.Struct, frozen=True):
    """One round of one subject: ages at the consumer, and the broker's resident memory (0 without one)."""

    ages: list[float]
    broker_mb: float


def _run(context: Context) -> Report:
    seconds = 4.0 if context.quick else 10.0
    subjects: dict[str, Callable[[], Seen]] = {
        kind: partial(_round, kind, seconds, context) for kind in KINDS
    }
    seen = context.interleave(subjects)
    ours = seen["penumbra"]
    rows = [row for other in KINDS[1:] for row in _age_rows(ours, seen[other], other)]
    rows += [_broker_row(ours, seen[other], other) for other in KINDS[1:3]]
    how = prose(f"""
        A camera sends {FRAMES_A_SECOND} frames of {FRAME_BYTES:,} bytes a second for {seconds:g} s to a
        consumer that takes {WORK_SECONDS:g} s for each. Age: from capture until the consumer has dealt
        with the frame, its {WORK_SECONDS:g} s included. Ours: the camera's newest-wins sender, the
        private link over mosquitto with our configuration, the edge's intake. paho: both ends as its
        README shows them, the work done in the callback, mosquitto as it comes. imagezmq: PUB/SUB as its
        README shows it, no broker. The others' ages grow with the length of the run; ours does not.
    """)
    return Report(name=BENCHMARK.name, promise=BENCHMARK.promise, how=how, rows=tuple(rows))


def _age_rows(ours: list[Seen], theirs: list[Seen], other: str) -> list[Row]:
    target = Target("at most", 3 * WORK_SECONDS, "ours", "s")
    shares: tuple[tuple[float, Target | None], ...] = ((0.5, None), (0.95, target))
    return [
        Row(
            what=f"frame age p{share * 100:.0f}",
            unit="s",
            ours=spread(ours, partial(_age, share)),
            theirs=spread(theirs, partial(_age, share)),
            against=other,
            target=bound,
        )
        for share, bound in shares
    ]


def _age(share: float, seen: Seen) -> float:
    return percentile(seen.ages, share)


def _broker_row(ours: list[Seen], theirs: list[Seen], other: str) -> Row:
    return Row(
        what="broker's resident memory",
        unit="MB",
        ours=spread(ours, lambda seen: seen.broker_mb),
        theirs=spread(theirs, lambda seen: seen.broker_mb),
        against=other,
        target=Target("at most", _BROKER_MB, "ours", "MB"),
    )


def _round(kind: Kind, seconds: float, context: Context) -> Seen:
    return asyncio.run(_observed(kind, seconds, context))


async def _observed(kind: Kind, seconds: float, context: Context) -> Seen:
    async with _between(kind, context) as (sender, receiver):
        receiving = child("benchmarks.frame_age_receiver", Task(kind=kind, address=receiver, seconds=seconds))
        sending = child("benchmarks.frame_age_sender", Task(kind=kind, address=sender, seconds=seconds))
        async with receiving as consumer, sending:
            ages = await answer_of(consumer, list[float], seconds + _SLACK_SECONDS)
            has_broker = kind != "imagezmq PUB/SUB"
            return Seen(ages, resident_mb(mosquitto_pid()) if has_broker else 0.0)


@asynccontextmanager
async def _between(kind: Kind, context: Context) -> AsyncIterator[tuple[BrokerAddress, BrokerAddress]]:
    """Run what lies between the ends; gives where the sender and the receiver connect."""
    if kind == "penumbra":
        accounts = (Account(Role.CAMERA, CAMERA), Account(Role.EDGE, _EDGE))
        async with embedded_broker(Private, accounts, choice="mosquitto") as broker:
            yield broker.address_for(Role.CAMERA, CAMERA), broker.address_for(Role.EDGE, _EDGE)
    elif kind == "imagezmq PUB/SUB":
        direct = BrokerAddress(host=LOOPBACK, port=free_port())
        yield direct, direct
    else:
        async with plain_mosquitto(context.work) as address:
            yield address, address


BENCHMARK: Final = Benchmark("frame_age", "Frame age under a consumer ten times too slow.", _run)
