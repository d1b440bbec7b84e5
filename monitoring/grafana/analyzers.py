"""The analyzers and what they remember in; nothing on this page can name a camera."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.page import ANALYZER, SITE, Panels, Section, page
from monitoring.grafana.panels import BAD, GOOD, Limits, Query, Words, figure, lines
from monitoring.grafana.processes import costs
from monitoring.grafana.queries import QUANTILES, quantile, rate, rate_or_none

_CHOSEN: Final = 'job="penumbra-analyzer", site=~"$site", node=~"$analyzer"'
_NAMED: Final = "{{site}} {{node}}"


def analyzers() -> Dashboard:
    """Make the page of the analyzers."""
    return page(
        "penumbra-analyzers",
        "Analyzers and cache",
        "How much is answered, how long it takes, and how well the cache works.",
        (SITE, ANALYZER),
        Section("Now", (*_there(), *_done())),
        Section("Work", (*_answers(), *_network())),
        Section("Cache", _cache()),
        Section("The analyzers themselves", _themselves()),
    )


def _there() -> Panels:
    return (
        figure(
            "Ready",
            "Whether each analyzer answers and none of its checks has failed.",
            "none",
            Query(f"min by (site, node) (penumbra_ready{{{_CHOSEN}}})", _NAMED),
            width=6,
            words=(Words(1, "ready", GOOD), Words(0, "not ready", BAD)),
        ),
        figure(
            "Cache",
            "Whether each analyzer's cache answers; without it answers go on.",
            "none",
            Query(f"min by (site, node) (penumbra_cache_up{{{_CHOSEN}}})", _NAMED),
            width=6,
            words=(Words(1, "there", GOOD), Words(0, "away", BAD)),
        ),
    )


def _done() -> Panels:
    return (
        figure(
            "Results",
            "Answers that were sent home.",
            "cps",
            Query(rate("penumbra_results_total", _CHOSEN), "results"),
            width=6,
        ),
        figure(
            "Hits",
            "Share of the looked-up regions that the cache knew, over five minutes.",
            "percentunit",
            Query('site:penumbra_cache_lookups:hit_ratio_rate5m{site=~"$site"}', "{{site}}"),
            width=6,
        ),
    )


def _answers() -> Panels:
    return (
        lines(
            "Results by outcome",
            "Answered, or why not.",
            "cps",
            Query(rate("penumbra_results_total", _CHOSEN, "outcome"), "{{outcome}}"),
        ),
        lines(
            "Latency, p95",
            "From the edge's sending to the analyzer (two clocks), and in the analyzer.",
            "s",
            Query(quantile(0.95, "penumbra_hop_seconds", _CHOSEN, "hop"), "{{hop}}"),
        ),
    )


def _network() -> Panels:
    return (
        lines(
            "One run of the network",
            "Of a batch, not of a region.",
            "s",
            *(Query(quantile(q, "penumbra_network_seconds", _CHOSEN), f"p{q * 100:g}") for q in QUANTILES),
            width=8,
        ),
        lines(
            "Regions a batch",
            "On average; more of them wait for one another when there is much to do.",
            "none",
            Query(
                f"{rate('penumbra_batch_regions_sum', _CHOSEN, 'site', 'node')} / "
                f"({rate('penumbra_batch_regions_count', _CHOSEN, 'site', 'node')} > 0)",
                _NAMED,
            ),
            width=8,
        ),
        lines(
            "Queue",
            "Features that wait, and how many may.",
            "none",
            Query(f"max by (site, node) (penumbra_queue_length{{{_CHOSEN}}})", f"{_NAMED} waiting"),
            Query(f"max by (site, node) (penumbra_queue_capacity{{{_CHOSEN}}})", f"{_NAMED} at most"),
            width=8,
        ),
    )


def _cache() -> Panels:
    return (
        lines(
            "Look-ups",
            "Regions by outcome; skipped while the cache is away.",
            "cps",
            Query(rate("penumbra_cache_lookups_total", _CHOSEN, "outcome"), "{{outcome}}"),
        ),
        lines(
            "Trouble",
            "Times that the cache was away, or a value in it was damaged or refused.",
            "cps",
            Query(rate_or_none("penumbra_cache_errors_total", _CHOSEN, "reason"), "{{reason}}"),
            limits=Limits(bad=1),
        ),
    )


def _themselves() -> Panels:
    return (
        lines(
            "Link to the broker",
            "1 while it stands.",
            "none",
            Query(f"min by (site, node) (penumbra_link_up{{{_CHOSEN}}})", _NAMED),
            width=8,
        ),
        *costs(_CHOSEN),
    )
