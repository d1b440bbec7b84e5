"""What messages cost is told apart from what helpers do, by a clock of our own."""

import asyncio

import pytest

from feature_node.distributed.messages import MOST_AT_ONCE, MessageCosts, MessageSeconds
from feature_node.distributed.roster import LATE
from feature_node.errors import HelperFailed

FIRST, FURTHER = 0.010, 0.002
"""Seconds of one message there and back, and of each further one at once."""


class Line:
    def __init__(self) -> None:
        self.now = 0.0
        self.under_way = 0
        self.most = 0
        self.dead: set[str] = set()
        self.lost = 0

    async def ping(self, helper: str) -> None:
        self.lost -= 1
        if helper in self.dead or self.lost >= 0:
            raise HelperFailed(LATE)
        self.now += FURTHER if self.under_way else FIRST
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1


@pytest.fixture
def line() -> Line:
    return Line()


async def test_what_a_further_message_adds_is_the_sources(line) -> None:
    costs = MessageCosts(line.ping, clock=lambda: line.now)
    await costs.measure("a", ())
    assert costs.known == MessageSeconds(0.0, {"a": pytest.approx(FIRST)})
    await costs.measure("b", ["a"])
    await costs.measure("c", ["a", "b"])
    assert costs.known.source == pytest.approx(FURTHER / 2)
    assert costs.known.helpers["c"] == pytest.approx(FIRST - FURTHER / 2)


async def test_a_helper_that_does_not_answer_costs_what_is_known(line) -> None:
    line.dead.add("b")
    costs = MessageCosts(line.ping, clock=lambda: line.now)
    await costs.measure("a", ())
    await costs.measure("b", ["a"])
    assert set(costs.known.helpers) == {"a"}


async def test_a_first_message_that_is_lost_does_not_count(line) -> None:
    line.lost = 1
    costs = MessageCosts(line.ping, clock=lambda: line.now)
    await costs.measure("a", ())
    assert costs.known.helpers == {"a": pytest.approx(FIRST)}


async def test_a_crowd_is_not_pinged_all_at_once(line) -> None:
    costs = MessageCosts(line.ping, clock=lambda: line.now)
    names = [f"h{n}" for n in range(20)]
    for number, name in enumerate(names):
        await costs.measure(name, names[:number])
    assert line.most == MOST_AT_ONCE
