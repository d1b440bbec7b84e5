"""The metric names keep Prometheus's conventions, and buckets reach a minute."""

import re

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from broker.private_topics import FRAMES
from monitoring import metrics
from monitoring.links import LinkMetrics

OURS = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]


def test_every_metric_has_the_prefix_a_base_unit_and_a_help_text() -> None:
    for metric in OURS:
        family = next(iter(metric.collect()))
        assert re.fullmatch(r"penumbra_[a-z_]+", family.name), family.name
        assert not re.search(r"_(ms|millis|kb|mb|percent)\b", family.name)
        assert family.documentation.endswith(".")


def test_no_label_can_hold_an_address_a_process_or_a_person() -> None:
    allowed = {
        "camera",
        "state",
        "reason",
        "topic",
        "queue",
        "side",
        "hop",
        "outcome",
        "peer",
        "kind",
        "window",
        "helper",
        "layer",
        "check",
        "figure",
    }
    assert {label for metric in OURS for label in metric._labelnames} <= allowed


def test_latency_buckets_reach_a_minute() -> None:
    assert metrics.HOP_BUCKETS[-1] == 60
    assert {15, 30} < set(metrics.HOP_BUCKETS)


def test_a_links_traffic_is_counted_by_row_not_by_camera() -> None:
    link = LinkMetrics("private")
    link.on_link(True)
    link.on_sent(FRAMES, 1000)
    link.on_received(FRAMES, 10)
    link.on_refused(FRAMES, "malformed")
    labels = {"side": "private", "topic": "penumbra/frames"}
    assert REGISTRY.get_sample_value("penumbra_link_up", {"side": "private"}) == 1
    assert REGISTRY.get_sample_value("penumbra_sent_bytes_total", labels) == 1000
    assert REGISTRY.get_sample_value("penumbra_received_messages_total", labels) == 1
    refused = {"topic": "penumbra/frames", "reason": "malformed"}
    assert REGISTRY.get_sample_value("penumbra_messages_refused_total", refused) == 1
