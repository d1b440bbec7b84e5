"""What PromQL names, and what the nodes export: no rule and no panel may speak of a metric that is not."""

import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.metrics import MetricWrapperBase

from monitoring import metrics
from monitoring.broker_statistics import INFO, STATISTICS, UP

REPOSITORY = Path(__file__).parent.parent.parent.parent
PROMETHEUS = REPOSITORY / "monitoring" / "prometheus"

_SAMPLES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
    "gauge": ("",),
}
_NAME = re.compile(r"(?<![\w:])(?:[a-z_]+:)?penumbra_\w+(?::\w+)?")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
RECORDED = re.compile(r"[a-z_]+:penumbra_[a-z_]+:[a-z0-9_]+")


def named_in(expression: str) -> set[str]:
    """The metrics of ours that an expression names."""
    return set(_NAME.findall(_QUOTED.sub("", expression)))


def exported() -> dict[str, set[str]]:
    """Every sample that a node may export, with the labels that it carries."""
    ours = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]
    found: dict[str, set[str]] = {}
    for metric in ours:
        family = next(iter(metric.collect()))
        for suffix in _SAMPLES[family.type]:
            found[family.name + suffix] = set(metric._labelnames)
    for statistic in STATISTICS:
        found[statistic.metric + _SAMPLES[statistic.kind][0]] = {"side"}
    return found | {UP: {"side"}, f"{INFO}_info": {"side", "version"}}


def rule_groups() -> list[dict[str, Any]]:
    """Every group of every file of rules."""
    files = sorted((PROMETHEUS / "rules").glob("*.yml"))
    return [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]


def rules(kind: str) -> dict[str, dict[str, Any]]:
    """The rules of a kind, `record` or `alert`, by name."""
    return {rule[kind]: rule for group in rule_groups() for rule in group["rules"] if kind in rule}
