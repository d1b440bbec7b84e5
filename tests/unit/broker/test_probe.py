"""The self-test against brokers that state a limit, cut at one, refuse, fail and hang."""

import asyncio
from collections.abc import Callable
from typing import final

import pytest

from broker.errors import NotAllowed, TooLarge, Unreachable
from broker.probe import PROBE_TOPIC, probe
from broker.topic_table import TABLE
from broker.transport import Incoming, LastWill, SessionLost


@final
class FakeBroker:
    """A transport to a broker that behaves as told; counts its open sessions."""

    name = "the fake broker"

    def __init__(
        self,
        *,
        states: int | None = None,
        cuts_above: int | None = None,
        allows: bool = False,
        hangs: bool = False,
    ) -> None:
        self.states = states
        self.cuts_above = cuts_above
        self.allows = allows
        self.hangs = hangs
        self.open = 0
        self.taken: list[int] = []

    async def connect(self, will: LastWill | None, on_message: Callable[[Incoming], None]) -> "FakeSession":
        self.open += 1
        return FakeSession(self)


@final
class FakeSession:
    protocol = "MQTT fake"

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self.max_packet_bytes = broker.states
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def publish(self, path: str, data: bytes, *, qos: int, retain: bool) -> None:
        assert (path, qos, retain) == (PROBE_TOPIC, 1, False)
        if self._broker.hangs:
            await asyncio.Event().wait()
        if self._broker.cuts_above is not None and len(data) > self._broker.cuts_above:
            raise SessionLost("connection reset")
        self._broker.taken.append(len(data))
        if not self._broker.allows:
            raise NotAllowed("no")

    async def subscribe(self, topic_filter: str, *, group: str | None, qos: int) -> None:
        raise AssertionError("a probe does not subscribe")

    async def close(self) -> None:
        self._broker.open -= 1


async def test_a_stated_limit_is_believed_and_nothing_is_sent() -> None:
    broker = FakeBroker(states=2000)
    report = await probe(broker, 1000)
    assert (report.largest_bytes, report.limit_bytes, report.protocol) == (1000, 2000, "MQTT fake")
    assert broker.taken == []
    assert broker.open == 0


async def test_a_stated_limit_that_is_too_low_names_the_remedy() -> None:
    with pytest.raises(
        TooLarge, match=r"at most 1000 bytes, messages may have 1000.*max_packet_size to 1256"
    ):
        await probe(FakeBroker(states=1000), 1000)


@pytest.mark.parametrize("allows", [True, False])
async def test_without_a_stated_limit_the_size_is_tried_once(allows: bool) -> None:
    broker = FakeBroker(allows=allows)
    assert (await probe(broker, 5000)).limit_bytes is None
    assert broker.taken == [5000]


async def test_a_cut_is_blamed_on_the_size_only_where_a_small_message_passes() -> None:
    broker = FakeBroker(cuts_above=100)
    with pytest.raises(TooLarge, match=r"5000 bytes, but takes small ones.*max_packet_size"):
        await probe(broker, 5000)
    assert broker.taken == [1]
    assert broker.open == 0
    with pytest.raises(Unreachable, match="cuts every connection"):
        await probe(FakeBroker(cuts_above=0), 5000)


async def test_a_broker_that_hangs_is_given_up() -> None:
    broker = FakeBroker(hangs=True)
    with pytest.raises(Unreachable, match=r"within 0\.05 s"):
        await probe(broker, 5000, seconds=0.05)
    assert broker.open == 0


def test_no_topic_of_ours_is_the_probes() -> None:
    assert all(topic.id_of(PROBE_TOPIC) is None for topic in TABLE)
