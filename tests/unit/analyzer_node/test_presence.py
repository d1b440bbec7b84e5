"""The status says how the node is, on change and again and again."""

import asyncio

from analyzer_node.presence import Reporter
from broker.errors import NotAllowed


class Spy:
    def __init__(self, reporter: Reporter) -> None:
        self.states: list[str] = []
        self.said = asyncio.Semaphore(0)
        self.forbids = False
        self._reporter = reporter

    async def announce(self) -> None:
        self.states.append(self._reporter.now().state)
        self.said.release()
        if self.forbids:
            raise NotAllowed("not yours")


def a_reporter(trouble: list[str], dropped: dict[str, int]) -> Reporter:
    return Reporter("cloud-1", "1.0", ["aaaa"], lambda: trouble[0], dropped)


def test_trouble_degrades_and_is_explained() -> None:
    trouble, dropped = [""], {"bad-payload": 2}
    reporter = a_reporter(trouble, dropped)
    online = reporter.now()
    assert (online.state, online.detail, online.dropped) == ("online", "", {"": {"bad-payload": 2}})
    assert reporter.check_store().state == "ok"
    trouble[0] = "store-timeout"
    degraded = reporter.now()
    assert (degraded.state, reporter.check_store().state) == ("degraded", "degraded")
    assert "store-timeout" in degraded.detail
    assert degraded.since_ns > online.since_ns
    assert reporter.offline.state == "offline"


async def test_changes_are_published_even_where_publishing_was_refused() -> None:
    trouble = [""]
    reporter = a_reporter(trouble, {})
    spy = Spy(reporter)
    spy.forbids = True
    task = asyncio.create_task(reporter.keep_announcing(spy))
    await spy.said.acquire()
    trouble[0] = "store-timeout"
    await spy.said.acquire()
    task.cancel()
    assert spy.states == ["online", "degraded"]
