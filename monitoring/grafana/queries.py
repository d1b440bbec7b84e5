"""The PromQL that panels share: `chosen` are matchers without their braces, `by` the labels that are kept."""

from typing import Final

QUANTILES: Final = (0.5, 0.95, 0.99)


def rate(metric: str, chosen: str, *by: str) -> str:
    """How fast a counter grows, over Grafana's own interval, summed."""
    summed = f"sum by ({', '.join(by)}) " if by else "sum"
    return f"{summed}(rate({metric}{{{chosen}}}[$__rate_interval]))"


def rate_or_none(metric: str, chosen: str, *by: str) -> str:
    """The same of what may never have happened yet; the last label of `by` is then `none`."""
    return or_none(rate(metric, chosen, *by), by[-1])


def quantile(q: float, histogram: str, chosen: str, *by: str) -> str:
    """What a share `q` of a histogram's values stay under."""
    return f"histogram_quantile({q}, {rate(f'{histogram}_bucket', chosen, *by, 'le')})"


def or_none(expr: str, label: str) -> str:
    """Give one series of 0, called `none`, while there is no other: "nothing" is told from "no data"."""
    return f'{expr} or label_replace(vector(0) unless on () ({expr}), "{label}", "none", "", "")'
