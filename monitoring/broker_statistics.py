"""Exports what a broker says of itself (mosquitto's `$SYS` tree) as metrics."""

import math
import re
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

_MAX_VERSION: Final = 64
_NUMBER: Final = re.compile(r"\d{1,19}(\.\d{1,9})?( seconds)?")
_PLAIN: Final = re.compile(r"[\w .+-]+")


class Statistic(NamedTuple):
    """One number of the broker's: the topic under `$SYS/broker/`, and the metric that it becomes."""

    topic: str
    metric: str
    documentation: str
    kind: Literal["counter", "gauge"] = "counter"


ROOT: Final = "$SYS/broker/"
VERSION: Final = "version"
STATISTICS: Final = (
    Statistic("publish/messages/received", "penumbra_broker_messages_received", "Messages that came in."),
    Statistic("publish/messages/sent", "penumbra_broker_messages_sent", "Messages that went out."),
    Statistic(
        "publish/messages/dropped",
        "penumbra_broker_messages_dropped",
        "Messages lost because a subscriber's queue was full.",
    ),
    Statistic("bytes/received", "penumbra_broker_received_bytes", "Bytes that came in, headers and all."),
    Statistic("bytes/sent", "penumbra_broker_sent_bytes", "Bytes that went out, headers and all."),
    Statistic("clients/connected", "penumbra_broker_clients", "Clients that are connected now.", "gauge"),
    Statistic("subscriptions/count", "penumbra_broker_subscriptions", "Subscriptions now.", "gauge"),
    Statistic(
        "retained messages/count",
        "penumbra_broker_retained_messages",
        "Messages kept for newcomers.",
        "gauge",
    ),
    Statistic(
        "store/messages/count",
        "penumbra_broker_stored_messages",
        "Messages in memory, retained and waiting.",
        "gauge",
    ),
    Statistic("store/messages/bytes", "penumbra_broker_stored_bytes", "Bytes of those messages.", "gauge"),
    Statistic("uptime", "penumbra_broker_uptime_seconds", "Time since the broker began.", "gauge"),
)
TOPICS: Final = (*(ROOT + statistic.topic for statistic in STATISTICS), ROOT + VERSION)
"""Every topic that is read; nothing else need be allowed."""

UP: Final = "penumbra_broker_up"
INFO: Final = "penumbra_broker"


@final
class BrokerStatistics(Collector):
    """What one broker last said; while it is away only that it is away.

    A number that is none (another broker's idea of `$SYS`) is left out.
    """

    def __init__(self, side: str) -> None:
        self._side = side
        self._values: dict[str, float] = {}
        self._version = ""
        self._connected = False

    @property
    def known(self) -> int:
        """How many of the numbers the broker has told."""
        return len(self._values)

    def on_link(self, connected: bool) -> None:
        """The broker is there, or no longer is; what it said before is old then."""
        self._connected = connected
        self._values, self._version = {}, ""

    def on_message(self, topic: str, payload: bytes) -> None:
        """The broker said something of itself."""
        text = payload[:_MAX_VERSION].decode("utf-8", "replace").strip()
        name = topic.removeprefix(ROOT)
        if name == VERSION:
            self._version = text if _PLAIN.fullmatch(text) else ""
        elif _NUMBER.fullmatch(text):
            self._values[name] = float(text.removesuffix(" seconds"))

    def collect(self) -> Iterable[Metric]:
        """Give everything that is known now; called by the page of metrics."""
        up = GaugeMetricFamily(UP, "Whether the broker lets its monitor in.", labels=["side"])
        up.add_metric([self._side], float(self._connected))
        yield up
        if self._version:
            info = InfoMetricFamily(INFO, "The broker's own name and version.", labels=["side"])
            info.add_metric([self._side], {"version": self._version})
            yield info
        for statistic in STATISTICS:
            value = self._values.get(statistic.topic, math.nan)
            if not math.isnan(value):
                yield self._family(statistic, value)

    def _family(self, statistic: Statistic, value: float) -> Metric:
        make = CounterMetricFamily if statistic.kind == "counter" else GaugeMetricFamily
        family = make(statistic.metric, statistic.documentation, labels=["side"])
        family.add_metric([self._side], value)
        return family
