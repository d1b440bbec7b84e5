"""What a broker says of itself becomes metrics; what it does not say does not."""

import re

import pytest
from prometheus_client import CollectorRegistry

from monitoring.broker_statistics import ROOT, STATISTICS, TOPICS, BrokerStatistics


@pytest.fixture
def broker() -> BrokerStatistics:
    statistics = BrokerStatistics("cloud")
    statistics.on_link(True)
    return statistics


def sample(broker: BrokerStatistics, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(broker)
    return registry.get_sample_value(name, {"side": "cloud"} | labels)


def test_numbers_become_metrics_of_their_side(broker: BrokerStatistics) -> None:
    broker.on_message(f"{ROOT}publish/messages/dropped", b"17")
    broker.on_message(f"{ROOT}uptime", b"3601 seconds")
    broker.on_message(f"{ROOT}version", b"mosquitto version 2.0.11")
    assert sample(broker, "penumbra_broker_messages_dropped_total") == 17
    assert sample(broker, "penumbra_broker_uptime_seconds") == 3601
    assert sample(broker, "penumbra_broker_info", version="mosquitto version 2.0.11") == 1
    assert sample(broker, "penumbra_broker_up") == 1
    assert broker.known == 2


def test_what_was_not_said_is_not_shown(broker: BrokerStatistics) -> None:
    for statistic in STATISTICS:
        suffix = "_total" if statistic.kind == "counter" else ""
        assert sample(broker, statistic.metric + suffix) is None


@pytest.mark.parametrize("payload", [b"", b"nan", b"inf", b"-1", b"1e999", b"\xff\xfe", b"many", b"9" * 400])
def test_what_is_no_count_is_left_out(broker: BrokerStatistics, payload: bytes) -> None:
    broker.on_message(f"{ROOT}clients/connected", payload)
    assert broker.known == 0


@pytest.mark.parametrize("version", [b"v" * 5000, b'x"} 1\npenumbra_ready 1', b"\x00"])
def test_a_version_is_short_and_plain(broker: BrokerStatistics, version: bytes) -> None:
    broker.on_message(f"{ROOT}version", version)
    infos = [family for family in broker.collect() if family.name == "penumbra_broker"]
    for info in infos:
        assert re.fullmatch(r"[\w .+-]{1,64}", info.samples[0].labels["version"])


def test_a_broker_that_is_away_says_nothing_but_that(broker: BrokerStatistics) -> None:
    broker.on_message(f"{ROOT}clients/connected", b"3")
    broker.on_link(False)
    assert [family.name for family in broker.collect()] == ["penumbra_broker_up"]
    assert sample(broker, "penumbra_broker_up") == 0


def test_names_keep_the_conventions() -> None:
    assert len(set(TOPICS)) == len(STATISTICS) + 1
    for statistic in STATISTICS:
        assert re.fullmatch(r"penumbra_broker_[a-z_]+", statistic.metric)
        assert not statistic.metric.endswith("_total")
        assert statistic.documentation.endswith(".")
